from __future__ import annotations

from typing import Any

import pytest

from app.drill.experiment import Experiment
from app.drill.verdict import conclude, judge


def experiment(moves: bool | None = None, **expect: Any) -> Experiment:  # noqa: FBT001 - as in a file
    return Experiment.model_validate(
        {
            "name": "it-dies",
            "title": "It dies",
            "why": "To see.",
            "targets": ["local"],
            "fault": {"kind": "kill"},
            "expect": expect or {"lost_writes": 0},
            "moves": moves,
        }
    )


def concluded(made: Experiment, figures: dict[str, float | None], **seen: Any) -> tuple[str, str]:
    return conclude(made, judge(made, figures), **{"fired": True, "recovered": True, "moved": False, **seen})


def test_it_held() -> None:
    assert concluded(experiment(), {"lost_writes": 0}) == ("held", "everything was as promised")


def test_it_deviated_and_says_by_how_much() -> None:
    made = experiment(lost_writes=0, write_gap_seconds=1.5)
    assert concluded(made, {"lost_writes": 2, "write_gap_seconds": 1.5}) == (
        "deviated",
        "lost_writes was 2, promised is at most 0",
    )


def test_what_must_be_noticed_and_is_not_deviates() -> None:
    made = experiment(failed_writes={"least": 1})
    assert concluded(made, {"failed_writes": 0})[1] == "failed_writes was 0, promised is at least 1"


def test_a_fault_that_did_not_fire_shows_nothing() -> None:
    assert concluded(experiment(), {"lost_writes": 0}, fired=False)[0] == "inconclusive"


def test_a_figure_that_was_not_measured_is_no_success() -> None:
    assert concluded(experiment(), {}) == ("inconclusive", "not measured: lost_writes")


def test_a_failover_that_did_not_happen_shows_nothing() -> None:
    assert concluded(experiment(moves=True), {"lost_writes": 0})[0] == "inconclusive"
    assert concluded(experiment(moves=True), {"lost_writes": 0}, moved=True)[0] == "held"


def test_a_failover_for_nothing_deviates() -> None:
    assert concluded(experiment(moves=False), {"lost_writes": 0}, moved=True)[0] == "deviated"


@pytest.mark.parametrize("moves", [None, True, False])
def test_no_recovery_deviates(moves: bool | None) -> None:  # noqa: FBT001 - as in a file
    result, reason = concluded(experiment(moves=moves), {"lost_writes": 0}, recovered=False)
    assert result == "deviated"
    assert "not everything was in order 90 s after" in reason
