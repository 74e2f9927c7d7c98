from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.integration.tasks.operate.operating import Haven, dead, waiting
from tests.integration.tasks.queueing import end, enqueue, take, take_one

if TYPE_CHECKING:
    from pathlib import Path

    from app.local import RedisServer
    from app.store import Store
    from app.tasks import Queue
    from app.tasks.delivery import Deliveries

ESCAPE = "\x1b"


def test_a_list_for_people_is_aligned_and_steers_no_terminal(haven: Haven, queue: Queue, worker: Deliveries) -> None:
    dead(queue, worker, "d1", error=f"ValueError: {ESCAPE}[31mred\nand a second line {'word ' * 100}")
    enqueue(queue, 2, priority="high")
    running = take_one(worker)
    queue.enqueue("note", delay=5430, task_id="later")
    queue.enqueue_many([("single", {"number": n}) for n in range(2)])
    out = haven("list")
    head, *lines = out.splitlines()
    assert [line.split()[3] for line in lines] == ["running", "waiting", "waiting", "held", "delayed", "dead"]
    assert {line[head.index("STATUS") - 1] for line in lines} == {" "}
    assert lines[0].startswith(running.task_id)
    assert worker.consumer in lines[0]
    assert "limit of single" in lines[3]
    assert "Z (in 1 h 30 min)" in lines[4]
    assert "  ValueError: [31mred and a second line word word" in lines[5]
    assert lines[5].endswith("…")
    assert ESCAPE not in out


def test_a_list_for_programs_has_every_field_of_every_task(haven: Haven, queue: Queue, worker: Deliveries) -> None:
    assert haven.json("list") == {"tasks": [], "more": []}
    dead(queue, worker, "d1", "d2", "d3")
    enqueue(queue, 3)
    found = haven.json("list", "--limit", "2")
    assert (len(found["tasks"]), found["more"]) == (4, ["waiting", "dead"])
    fields = "id name queue status since_at due_at attempts worker silent_seconds limit error"
    assert {" ".join(task) for task in found["tasks"]} == {fields}
    assert [task["id"] for task in haven.json("list", "--status", "dead", "--queue", "normal")["tasks"]] == [
        *("d3", "d2", "d1")
    ]
    assert haven.json("list", "--task", "other")["tasks"] == []
    assert haven.json("list", "--queue", "low")["tasks"] == []


def test_a_task_is_shown_without_its_code(haven: Haven, queue: Queue, worker: Deliveries) -> None:
    queue.enqueue("note", {"text": "é"}, task_id="one")
    out = haven("show", "one", HAVEN_TASK_MODULES="not.there")
    assert "status     waiting" in out
    assert '{"text": "é"}' in out
    end(worker, take_one(worker), "dead", "KeyError: x")
    found = haven.json("show", "one")
    assert (found["status"], found["error"], found["args"]) == ("dead", "KeyError: x", {"text": "é"})
    assert found["replayable"] is True
    haven("show", "one")
    assert "haven tasks retry one" in haven.err
    assert haven("show", "never", code=3) == ""
    assert "'never'" in haven.err


def test_tasks_are_retried_and_cancelled_by_their_ids(
    haven: Haven, store: Store, queue: Queue, worker: Deliveries
) -> None:
    dead(queue, worker, "d1")
    queue.enqueue("note", delay=3600, task_id="later")
    out = haven("retry", "d1", "later", "never", code=3)
    assert out == "d1 waits for the next free worker\nlater waits for the next free worker\n"
    assert haven.err == "never is unknown\n"
    assert waiting(store) == ["d1", "later"]
    assert haven.json("cancel", "later") == {"tasks": [{"id": "later", "result": "cancelled"}]}
    assert haven.json("retry", "later", code=3) == {"tasks": [{"id": "later", "result": "cancelled"}]}
    take_one(worker)
    assert haven("cancel", "d1") == "d1 runs, and was told to stop\n"
    assert "status     running, was told to stop" in haven("show", "d1")


def test_a_queue_is_purged_after_a_question(haven: Haven, store: Store, queue: Queue, worker: Deliveries) -> None:
    first, *_ = enqueue(queue, 1201)
    take_one(worker)
    haven("purge", "normal", code=1, answer="n\n")
    assert "1,200 tasks of normal" in haven.err
    assert len(waiting(store)) == 1201
    assert haven.json("purge", "normal", "--yes") == {"queue": "normal", "purged": 1200}
    assert waiting(store) == [first]
    assert haven("purge", "normal") == "Threw away 0 tasks of normal.\n"


def test_queues_are_counted_paused_and_resumed(haven: Haven, queue: Queue, worker: Deliveries) -> None:
    enqueue(queue, 3)
    assert "haven tasks resume normal" in haven("pause", "normal")
    assert take(worker, 1) == []
    out = haven("queues")
    assert [line.split() for line in out.splitlines()[1:4]][1][-1] == "paused"
    assert "No worker is alive" in haven.err
    assert haven.json("resume", "normal") == {"queue": "normal", "paused": False}
    worker.sweep(0)
    take(worker, 1)
    found = haven.json("queues")
    assert list(found["workers"]) == [worker.consumer]
    normal = found["queues"][1]
    assert (normal["queue"], normal["waiting"], normal["running"], normal["paused"]) == ("normal", 2, 1, False)
    assert found["held"] == {"single": 0}


def test_schedules_are_those_of_the_modules(haven: Haven, worker: Deliveries, tmp_path: Path) -> None:
    (tmp_path / "nightly_tasks.py").write_text(
        "from app.tasks import schedule, task\n\n\n@task()\ndef sweep() -> None: ...\n\n\n"
        "schedule('30 3 * * *', 'sweep', zone='Europe/Berlin')\n"
    )
    worker.tick("sweep", None, 1_700_000_000_000, [])
    path = f"{tmp_path}:{os.getcwd()}"  # noqa: PTH109
    out = haven("schedule", HAVEN_TASK_MODULES="nightly_tasks", PYTHONPATH=path)
    assert "30 3 * * *  Europe/Berlin  sweep  2023-11-14 22:13:20Z" in out
    (found,) = haven.json("schedule")["schedules"]
    assert (found["name"], found["cron"], found["last_at"]) == ("sweep", None, 1_700_000_000.0)
    haven("schedule", code=1, HAVEN_TASK_MODULES="not.there")
    assert "HAVEN_TASK_MODULES: no module is called 'not.there'" in haven.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("pause", "urgent"), "'urgent' is not one of 'high', 'normal', 'low'"),
        (("list", "--status", "lost"), "'lost' is not one of"),
        (("list", "--limit", "0"), "0 is not in the range"),
        (("retry",), "Missing argument 'ID...'"),
        (("dead", "--older-than", "2x"), "'2x' is no span of time: give a number and s, m, h or d"),
        (("dead", "drop"), "haven tasks dead drop --all"),
        (("dead", "replay", "--all", "--task", "note"), "leave --all away"),
    ],
)
def test_wrong_usage_names_the_value_and_the_remedy(haven: Haven, args: tuple[str, ...], words: str) -> None:
    haven(*args, code=2)
    assert words in haven.err


def test_a_redis_that_is_away_or_refuses_is_one_clear_message(haven: Haven, server: RedisServer) -> None:
    haven("queues", code=1, REDIS_USERNAME="nobody", REDIS_PASSWORD="wrong")
    assert haven.err.startswith("Error: Redis does not do it: ")
    server.node.kill()
    haven("queues", code=1)
    assert haven.err.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in haven.err
