"""Ten thousand tasks while everything fails that may: none is lost, none is done twice by those who live."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.chaos.faults import FAULTS, TASKS, plan
from tests.chaos.round import Round

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack


def test_no_task_is_lost_or_doubled_whatever_fails(tmp_path: Path) -> None:
    seed = int(os.environ.get("HAVEN_CHAOS_SEED") or random.randrange(1 << 32))
    print(f"\nHAVEN_CHAOS_SEED={seed} replays this")
    with Round(tmp_path / "round") as chaos:
        verdict = chaos.run(TASKS, plan(seed, FAULTS, clocks=chaos.clock is not None), print)
        print(verdict)
    assert len(verdict.tasks) >= TASKS
    assert (verdict.failed, verdict.lost, verdict.doubled) == ([], [], [])
    assert verdict.workers_lost == 0


def test_a_plan_follows_from_its_seed() -> None:
    assert plan(7, 30, clocks=True) == plan(7, 30, clocks=True) != plan(8, 30, clocks=True)
    assert all(fault.kind != "clock jump" for fault in plan(7, 100, clocks=False))
    assert {fault.kind for fault in plan(7, 200, clocks=True)} == {
        "worker kill", "primary kill", "primary freeze", "handover", "replica restart", "clock jump",
    }  # fmt: skip
