"""`haven drill` on a stack that runs: every exit code, what is written down, and that nothing stays broken."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from app.drill import records
from app.drill.experiment import FIGURES
from app.drill.local.processes import stopped
from app.drill.report.shelf import load
from app.local.state import StackState
from app.local.target import find_target
from app.store import create_store, keys
from app.tasks.operate.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.drill.journal import Journal
    from app.store import Store
    from tests.integration.stack.running import RunningStack

pytestmark = pytest.mark.stack
SHORT = """
title = "A test of drills"
why = "To see what the command does."
targets = ["local"]
steady = 1
recover = {recover}
{more}
[fault]
kind = "{kind}"
where = "{where}"
seconds = {seconds}

[guards]
error_rate = {error_rate}
window = 2

[expect]
{expect}
"""


class Drills:
    """Runs them, as a user does."""

    def __init__(self, stack: RunningStack, out: Path) -> None:
        self._stack = stack
        self.out = out

    def command(self, *words: str) -> list[str]:
        return [
            *(sys.executable, "-m", "app.cli", "drill", "run", *words),
            *("--yes", "--data", str(self._stack.data), "--out", str(self.out)),
        ]

    def run(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=200, check=False)
        return done.returncode, done.stdout + done.stderr

    def own(self, name: str = "mine", **chosen: Any) -> str:
        """An experiment's file."""
        fields = {
            "kind": "freeze",
            "where": "replica",
            "seconds": 0.5,
            "recover": 60,
            "error_rate": 1.0,
            "expect": "lost_writes = 0",
            "more": "",
            **chosen,
        }
        path = self.out / f"{name}.toml"
        path.write_text(SHORT.format(**fields))
        return str(path)

    def last(self) -> Journal:
        return load(self.out, None)

    def frozen(self) -> list[str]:
        state = StackState.read(self._stack.data)
        assert state is not None
        return [part.name for part in state.parts if part.pid and stopped(part.pid)]

    def until_frozen(self) -> None:
        """A signal takes a moment on a busy machine."""
        end = time.monotonic() + 10
        while len(self.frozen()) != 1:
            assert time.monotonic() < end, "nothing is frozen"
            time.sleep(0.01)


@pytest.fixture
def drills(stack: RunningStack, tmp_path: Path) -> Iterator[Drills]:
    stack.wait_healthy(60)
    made = Drills(stack, tmp_path)
    yield made
    assert made.frozen() == []


@pytest.fixture
def its_store(stack: RunningStack) -> Iterator[Store]:
    made = create_store(find_target(stack.data).config)
    yield made
    made.close()


def test_the_primary_dies_and_everything_is_as_promised(drills: Drills, its_store: Store) -> None:
    code, said = drills.run("primary-kill")
    assert code == 0, said
    journal = drills.last()
    figures = journal.figures
    assert {name for name, value in figures.items() if value is not None} >= FIGURES.keys() - {"event_gap_seconds"}
    assert (figures["lost_writes"], figures["lost_tasks"], figures["missed_events"]) == (0, 0, 0)
    assert all(figures[name] for name in ("writes", "requests", "tasks", "events"))
    happened = [each.what for each in journal.time_line if each.at >= (journal.fault_at or 0) - 0.1]
    for what in ("fault", "does not answer", "+sdown", "is primary", "all in order"):
        assert what in happened, happened
    assert happened.index("fault") < happened.index("is primary") < happened.index("all in order")
    assert journal.about["redis"]
    # what metrics and the page of operations read
    record = records.last_of_each(its_store)["primary-kill"]
    assert record.id == journal.id
    assert journal.fault in (records.report(its_store, record.id) or "").replace("&#x27;", "'")
    # nothing of the clients is left
    assert its_store.redis.get(keys.DRILL_LOCK) is None
    assert list(its_store.redis.scan_iter(match="haven:drill:write:*")) == []
    assert list(its_store.redis.scan_iter(match="haven:drill:ran:*")) == []


def test_a_handover_makes_clients_wait_and_nothing_fail(drills: Drills) -> None:
    code, said = drills.run("primary-handover")
    assert code == 0, said


def test_a_frozen_primary_takes_no_writes_when_it_wakes_up(drills: Drills) -> None:
    code, said = drills.run("primary-freeze")
    assert code == 0, said
    assert drills.last().figures["failover_seconds"] is not None


def test_a_full_memory_refuses_writes_and_is_emptied(drills: Drills, its_store: Store) -> None:
    code, said = drills.run("memory-full")
    assert code == 0, said
    assert "StoreFull" in said
    assert list(its_store.redis.scan_iter(match="haven:drill:ballast:*")) == []


def test_a_primary_that_lost_its_disk_empties_nobody(drills: Drills) -> None:
    code, said = drills.run("empty-disk")
    assert code == 0, said


def test_a_killed_workers_tasks_are_done(drills: Drills) -> None:
    code, said = drills.run("worker-kill")
    assert code == 0, said
    assert (drills.last().figures["tasks"] or 0) > 20


def test_a_promise_that_is_not_kept_is_exit_code_1(drills: Drills) -> None:
    path = drills.own(expect="write_gap_seconds = 0.001")
    code, said = drills.run(path)
    assert code == 1, said
    assert "deviated: write_gap_seconds was" in said
    assert not drills.last().judged[0].held


def test_a_failover_that_did_not_happen_is_exit_code_5(drills: Drills) -> None:
    code, said = drills.run(drills.own(more="moves = true", recover=2))
    assert code == 1, said  # no recovery without it
    code, said = drills.run(drills.own(expect="event_gap_seconds = 9", more="[probes]\nevents = 0"))
    assert code == 5, said
    assert "not measured: event_gap_seconds" in said


def test_a_guard_ends_it_with_exit_code_3_and_undoes_the_fault(drills: Drills) -> None:
    path = drills.own(kind="fill", where="primary", seconds=60, error_rate=0.05)
    began = time.monotonic()
    code, said = drills.run(path)
    assert code == 3, said
    assert "5% is allowed" in said
    assert time.monotonic() - began < 50


def test_a_part_that_does_not_come_back_is_exit_code_4(drills: Drills, stack: RunningStack) -> None:
    code, said = drills.run(drills.own(kind="kill", where="replica", recover=0.1))
    assert code == 4, said
    assert "does not run: see its log" in said
    stack.wait_healthy(60)


def test_an_interruption_is_exit_code_130_after_the_fault_was_undone(drills: Drills) -> None:
    path = drills.own(kind="freeze", where="replica", seconds=60)
    with subprocess.Popen(drills.command(path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            lines.append(line)
            if "freeze redis-" in line:
                drills.until_frozen()
                os.kill(child.pid, signal.SIGINT)
        assert child.wait(100) == 130, lines
    assert any("fault undone" in line for line in lines)
    assert drills.last().result == "interrupted"


def test_a_killed_drill_leaves_nothing_frozen_for_long(drills: Drills, its_store: Store) -> None:
    path = drills.own(kind="freeze", where="replica", seconds=5)
    lines = []
    with subprocess.Popen(drills.command(path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            lines.append(line)
            if "freeze redis-" in line:
                child.kill()
    assert child.returncode == -signal.SIGKILL, lines
    drills.until_frozen()
    code, said = drills.run("primary-handover")
    assert code == 2
    assert "is frozen: kill -CONT" in said
    end = time.monotonic() + 60
    while drills.frozen():
        assert time.monotonic() < end, "nobody thawed it"
        time.sleep(0.2)
    its_store.redis.delete(keys.DRILL_LOCK)


def test_one_drill_at_a_time(drills: Drills, its_store: Store) -> None:
    its_store.redis.set(keys.DRILL_LOCK, "another", ex=30)
    code, said = drills.run("primary-handover")
    its_store.redis.delete(keys.DRILL_LOCK)
    assert code == 2, said
    assert "the drill another runs already" in said
    assert drills.last().fault_at is None


def test_without_workers_there_is_no_drill(drills: Drills, its_store: Store) -> None:
    """Found by one that called every task lost, where the workers had been scaled to none."""
    ledger = Ledger(its_store, ttl=60, lease=30)
    ledger.pause("normal")
    time.sleep(1.5)  # workers notice within about a second
    try:
        code, said = drills.run("primary-kill")
    finally:
        ledger.resume("normal")
    assert code == 2, said
    assert "no worker ran a task within 15 s" in said
    assert drills.last().fault_at is None


def test_a_dry_run_breaks_nothing(drills: Drills, stack: RunningStack) -> None:
    before = stack.primary_pid()
    code, said = drills.run("primary-kill", "--dry-run")
    assert code == 0, said
    assert "nothing was broken" in said
    assert stack.primary_pid() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope",), "no drill is called 'nope'"),
        (("primary-kill", "--target", "moon"), "'moon' is not one of"),
        (("primary-kill", "--max-duration", "1"), "1.0 is not in the range"),
        ((), "Missing argument 'NAME'"),
    ],
)
def test_a_wrong_command_line_is_exit_code_64(drills: Drills, words: tuple[str, ...], said: str) -> None:
    code, told = drills.run(*words)
    assert code == 64, told
    assert said in told


def test_what_can_not_be_done_here_is_refused_with_what_can(drills: Drills) -> None:
    code, said = drills.run("primary-partition")
    assert (code, "can be run on kube only" in said) == (2, True)
    code, said = drills.run(drills.own(kind="partition"))
    assert (code, "primary-power-cut come nearest" in said) == (2, True)


def test_without_a_stack_it_says_how_to_get_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "drill", "run", "primary-kill", "--yes", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "start one with `make up`" in done.stderr


def test_nobody_is_asked_where_nobody_sits(stack: RunningStack) -> None:
    command = [sys.executable, "-m", "app.cli", "drill", "run", "primary-kill", "--data", str(stack.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "give --yes" in done.stderr


def test_the_last_report_is_shown(drills: Drills) -> None:
    drills.run(drills.own())
    command = [sys.executable, "-m", "app.cli", "drill", "report", "--out", str(drills.out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("# mine: held")
    journal = json.loads((drills.out / drills.last().id / "journal.json").read_text())
    assert journal["result"] == "held"
