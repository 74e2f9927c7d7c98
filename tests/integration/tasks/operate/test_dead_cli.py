from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

from app.store import Store, keys
from tests.integration.helpers import until
from tests.integration.tasks.operate.operating import Haven, dead, waiting

if TYPE_CHECKING:
    from app.tasks import Queue
    from app.tasks.delivery import Deliveries


def write_letters(store: Store, count: int) -> None:
    with store.redis.pipeline(transaction=False) as pipeline:
        for number in range(count):
            fields: Any = {"id": f"d{number}", "name": "note", "queue": "normal", "error": "ValueError: no"}
            pipeline.xadd(keys.TASK_DEAD, {**fields, "attempts": 5, "task": '{"v":1,"name":"note","args":{}}'})
        pipeline.execute()


def test_many_letters_are_replayed_after_a_question(
    haven: Haven, store: Store, queue: Queue, worker: Deliveries
) -> None:
    dead(queue, worker, "d1", "d2", error="TimeoutError: mail")
    dead(queue, worker, "d3")
    assert "2 dead tasks will run again" in haven("dead", "replay", "--error", "timeout", "--dry-run")
    assert haven("dead", "replay", "--error", "timeout", code=1, answer="n\n") == ""
    assert "Nothing was done" in haven.err
    haven("dead", "replay", "--error", "timeout", code=1)  # nobody is there to answer
    assert waiting(store) == []
    out = haven("dead", "replay", "--error", "timeout", answer="y\n")
    assert out == "Replayed 2 of 2.\n"
    assert "TimeoutError" in haven.err
    assert waiting(store) == ["d1", "d2"]
    assert haven("dead", "replay", "d3") == "Replayed 1 of 1.\n"  # one needs no question
    haven("dead", "replay", "--all", "--yes", code=3)


def test_letters_are_listed_and_dropped_by_filters(
    haven: Haven, store: Store, queue: Queue, worker: Deliveries
) -> None:
    dead(queue, worker, "d1", "d2")
    found = haven.json("dead", "--younger-than", "1h", "--task", "note")
    assert [task["id"] for task in found["tasks"]] == ["d2", "d1"]
    assert haven.json("dead", "list", "--older-than", "1h") == {"tasks": [], "more": []}
    assert haven("dead").splitlines()[1].startswith("d2 ")
    found = haven.json("dead", "drop", "d1", "never", code=3)
    assert found == {"action": "drop", "dry_run": False, "matched": 1, "done": 1, "ids": ["d1"]}
    assert "'never'" in haven.err
    found = haven.json("dead", "drop", "--all", "--dry-run")
    assert (found["matched"], found["done"], found["ids"]) == (1, 0, ["d2"])
    assert haven.json("dead", "drop", "--all", "--yes")["done"] == 1
    assert store.redis.xlen(keys.TASK_DEAD) == 0
    assert waiting(store) == []


def test_a_replay_that_is_interrupted_is_ended_by_the_next(haven: Haven, store: Store) -> None:
    write_letters(store, 5000)
    process = haven.start("dead", "replay", "--all", "--yes")
    until(lambda: store.redis.xlen(keys.TASK_DEAD) < 5000)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    left = store.redis.xlen(keys.TASK_DEAD)
    assert process.returncode == 1
    assert "Stopped: replayed at least" in err
    assert 0 < left < 5000
    assert haven("dead", "replay", "--all", "--yes") == f"Replayed {left:,} of {left:,}.\n"
    assert sorted(waiting(store)) == sorted(f"d{number}" for number in range(5000))


def test_expired_letters_are_told_before_a_replay(haven: Haven, store: Store) -> None:
    text = json.dumps({"v": 1, "name": "note", "args": {}, "expires": int(time.time() * 1000) - 1})
    store.redis.xadd(keys.TASK_DEAD, {"id": "late", "name": "note", "queue": "low", "error": "x", "task": text})
    assert "1 of them had a time to begin in, which is over" in haven("dead", "replay", "--all", "--dry-run")
