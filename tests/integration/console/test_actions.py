"""What an operator does from the page."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from app.ops.console import drills
from app.tasks import Queue
from tests.integration.console.browsing import OPERATOR, OTHER, Browser
from tests.integration.helpers import until
from tests.integration.tasks.operate.operating import dead, example, joined, waiting

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from app.runtime import Runtime
    from app.store import Store


def kill_tasks(store: Store, *ids: str, error: str = "ValueError: no") -> None:
    tasks = example()
    dead(Queue(store, ttl=60, tasks=tasks), joined(store, tasks), *ids, error=error)


def done(operator: Browser, path: str, **form: str) -> tuple[str, Any]:
    """Post a form; what the page says then, and what the log does."""
    with capture_logs() as logs:
        answer = operator.post(path, **form)
        assert answer.status_code == 303, answer.text
    return operator.get(answer.headers["Location"]).text, logs


def test_a_dead_task_is_replayed(operator: Browser, store: Store) -> None:
    kill_tasks(store, "one", "two")
    page = operator.get("/ops").text
    assert page.count("ValueError: no") == 2
    page, logs = done(operator, "/ops/tasks/replay", task="one")
    assert 'role="status">Task one waits for the next free worker.' in page
    assert waiting(store) == ["one"]
    assert page.count("ValueError: no") == 1
    (entry,) = [entry for entry in logs if entry["event"] == "ops.replay"]
    assert (entry["operator"], entry["task"], entry["result"]) == (OPERATOR, "one", "waiting")
    page, _ = done(operator, "/ops/tasks/replay", task="never")
    assert "Task never is unknown" in page


def test_all_dead_tasks_are_replayed(operator: Browser, store: Store) -> None:
    ids = [f"d{number}" for number in range(25)]
    kill_tasks(store, *ids)
    assert "the last 20" in operator.get("/ops").text
    page, logs = done(operator, "/ops/tasks/replay-all")
    assert "25 of 25 dead tasks run again." in page
    assert sorted(waiting(store)) == sorted(ids)
    assert any(entry["event"] == "ops.replay_all" and entry["operator"] == OPERATOR for entry in logs)


def test_a_session_is_shown_and_revoked(app: Flask, operator: Browser) -> None:
    runtime: Runtime = app.extensions["haven"]
    grace = Browser(app)
    grace.sign_in(OTHER, "/login")
    sessions = runtime.sessions
    sessions.create(2, device="phone", address="10.0.0.1")
    page = operator.get(f"/ops?user={OTHER.upper()}").text
    assert "10.0.0.1" in page
    (phone,) = [one for one in sessions.of_user(2) if one.device == "phone"]
    page, logs = done(operator, "/ops/sessions/revoke", user_id="2", name=phone.name)
    assert f"The session {phone.name} of {OTHER} ended." in page
    assert "10.0.0.1" not in page
    assert len(sessions.of_user(2)) == 1
    assert any(entry["event"] == "ops.revoke" and entry["user_id"] == 2 for entry in logs)
    page, _ = done(operator, "/ops/sessions/revoke", user_id="2", name="")
    assert "is none any more" in page
    assert len(sessions.of_user(2)) == 1, "a form that names none ends none"

    page, logs = done(operator, "/ops/sessions/revoke-all", user_id="2")
    assert f"All sessions of {OTHER} ended: 1." in page
    assert "has no session" in page
    assert grace.get("/profile").headers["Location"] == "/login"
    assert any(entry["event"] == "ops.revoke_all" for entry in logs)


@pytest.mark.parametrize("user_id", ["", "x", "0", "99", "-1", "9" * 30, "²"])
def test_a_user_that_is_none_is_told_so(operator: Browser, user_id: str) -> None:
    assert operator.post("/ops/sessions/revoke", user_id=user_id, name="x").status_code == 404


def test_a_drill_is_started_one_at_a_time_and_its_output_shown(
    operator: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    program = (
        "import os, sys, time\n"
        "print('<b>', *sys.argv[1:], os.environ['HAVEN_DATA'], 'PROMETHEUS_MULTIPROC_DIR' in os.environ, flush=True)\n"
        f"for _ in range(1000): os.path.exists({str(go)!r}) or time.sleep(0.02)\n"
        "sys.exit(1)\n"
    )
    monkeypatch.setattr(drills, "PROGRAM", (sys.executable, "-c", program))
    monkeypatch.setenv("HAVEN_DATA", str(tmp_path))
    assert "Start a drill" in operator.get("/ops").text
    page, logs = done(operator, "/ops/drills", drill="primary-kill")
    assert "The drill primary-kill begins." in page
    assert any(entry["event"] == "ops.drill" and entry["operator"] == OPERATOR for entry in logs)
    options = f"--target local --yes --data {tmp_path} --out {tmp_path}/drills"
    shown = f"&lt;b&gt; drill run primary-kill {options} {tmp_path} False"
    until(lambda: shown in operator.get("/ops").text)
    assert "A drill runs" in operator.get("/ops").text
    assert "Yes, break it" not in operator.get("/ops").text
    assert operator.post("/ops/drills", drill="primary-kill").status_code == 409
    go.touch()
    until(lambda: "exit code 1" in operator.get("/ops").text)
    until(lambda: "The last drill started here" in operator.get("/ops").text)


def test_a_drill_goes_on_when_its_web_process_ends(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from app.ops.console import drills; import sys\n"
        "drills.PROGRAM = (sys.executable, '-c', 'import time; time.sleep(2)')\n"
        f"drills.Starter(Path({str(tmp_path)!r})).start('x')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    starter = drills.Starter(tmp_path)
    assert starter.output().running
    began = time.monotonic()
    until(lambda: not starter.output().running)
    assert time.monotonic() - began > 0.5


def test_drills_are_started_beside_a_local_stack_in_development_only(
    operator: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HAVEN_DATA", raising=False)
    assert "Start a drill" not in operator.get("/ops").text
    assert operator.post("/ops/drills", drill="primary-kill").status_code == 404
    monkeypatch.setenv("HAVEN_DATA", str(tmp_path))
    for drill in ("../x", "", "rollout"):  # the last is for Kubernetes
        assert operator.post("/ops/drills", drill=drill).status_code == 422
    assert drills.Starter.here("production") is None
    assert drills.Starter.here("testing") is None
    assert list(tmp_path.glob("console-drill.log")) == []
