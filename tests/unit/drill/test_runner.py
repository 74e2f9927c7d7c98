from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from app.drill import runner as runners
from app.drill.alerts import Alerts
from app.drill.runner import Runner
from app.drill.timeline import TimeLine
from app.errors import DrillError
from tests.unit.drill.scripted import Script, Target, experiment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.drill.feed import Feed
    from app.drill.stage import Stage


def run(script: Script, longest: float = 30.0, alerts: str = "", *, dry: bool = False, **more: Any) -> Stage:
    return Runner(experiment(**more), Target(script), Alerts(alerts), TimeLine(), longest, dry=dry).run()


def ended(stage: Stage) -> tuple[str, str]:
    return stage.result, stage.reason


def test_it_holds_and_everything_is_in_the_journal() -> None:
    script = Script(moves=True)
    stage = run(script, moves=True)
    assert ended(stage) == ("held", "everything was as promised")
    assert script.done == ["begin", "end", "stop", "close"]
    journal = stage.journal()
    assert [each.what for each in journal.time_line if each.source == "drill"] == [
        "preflight passed",
        "fault",
        "all in order",
    ]
    assert journal.figures["failover_seconds"] is not None
    assert journal.figures["recovery_seconds"] is not None
    assert journal.about == {"haven": "1", "redis": "8"}
    assert journal.slots["writes"]
    assert "last READONLY" in [each.what for each in journal.time_line]


def test_what_the_target_refuses_starts_nothing() -> None:
    script = Script(refusals=["redis-1 is frozen: kill -CONT 1"])
    assert ended(run(script)) == ("refused", "redis-1 is frozen: kill -CONT 1")
    assert script.done == []


def test_another_drill_is_waited_for_by_nobody() -> None:
    script = Script(refused="the drill x runs already")
    assert ended(run(script)) == ("refused", "the drill x runs already")
    assert "begin" not in script.done


def test_what_is_not_in_order_is_not_broken_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.drill.checks.PREFLIGHT", 0.3)
    script = Script(problems=["2 nodes are primary"])
    assert ended(run(script)) == ("refused", "not everything is in order: 2 nodes are primary")
    assert script.done == ["close"]


def test_a_dry_run_breaks_nothing() -> None:
    script = Script()
    assert run(script, dry=True).result == "held"
    assert script.done == ["close"]


def test_a_promise_that_is_not_kept_deviates() -> None:
    assert run(Script(figures={"lost_writes": 3})).result == "deviated"


def test_no_recovery_deviates() -> None:
    stage = run(Script(after=["2 of 3 replicas are linked"]))
    assert stage.result == "deviated"
    assert "2 s after the end" in stage.reason


def test_a_fault_that_does_not_fire_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "FIRES", 0.2)
    assert run(Script(fires=False)).result == "inconclusive"


def test_no_audit_is_no_success() -> None:
    assert run(Script(figures={})).result == "inconclusive"


def test_the_guard_of_errors_undoes_the_fault() -> None:
    script = Script(failing=0.9)
    stage = run(script, fault={"kind": "freeze", "seconds": 20}, guards={"error_rate": 0.3, "window": 1})
    assert stage.result == "aborted"
    assert "30% is allowed" in stage.reason
    assert script.done[:2] == ["begin", "end"]
    assert stage.ended_at - stage.started_at < 15


def test_the_guard_of_time_undoes_the_fault() -> None:
    script = Script()
    stage = run(script, longest=2.0, fault={"kind": "freeze", "seconds": 20})
    assert ended(stage) == ("aborted", "it took longer than 2 s")
    assert script.done[:2] == ["begin", "end"]


def test_an_interruption_undoes_the_fault_and_still_audits() -> None:
    script = Script()
    runner: Runner

    def told(phase: str, _: Feed) -> None:
        if phase == "fault":
            runner.interrupt()

    spec = {"kind": "freeze", "seconds": 20}
    runner = Runner(experiment(fault=spec), Target(script), Alerts(""), TimeLine(), 60.0, told)
    assert ended(runner.run()) == ("interrupted", "interrupted; what was broken is undone")
    assert script.done == ["begin", "end", "stop", "close"]


def test_a_fault_that_can_not_be_made_is_undone_all_the_same() -> None:
    script = Script(begin_error="no such pod")
    assert ended(run(script)) == ("aborted", "no such pod")
    assert script.done[:2] == ["begin", "end"]


def test_what_can_not_be_undone_or_is_left_is_residue() -> None:
    assert ended(run(Script(end_error="kubectl uncordon it"))) == ("residue", "kubectl uncordon it")
    assert ended(run(Script(left=["ballast is left"]))) == ("residue", "ballast is left")


def test_a_mistake_of_the_program_leaves_nothing_broken() -> None:
    script = Script()

    def told(phase: str, _: Feed) -> None:
        if phase == "fault":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Runner(
            experiment(fault={"kind": "freeze", "seconds": 5}), Target(script), Alerts(""), TimeLine(), 60.0, told
        ).run()
    assert script.done == ["begin", "end", "close"]


def test_a_failover_for_nothing_is_seen() -> None:
    assert run(Script(moves=True), moves=False).result == "deviated"


@pytest.fixture
def prometheus() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    firing: list[dict[str, Any]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"data": {"alerts": firing}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", firing
    server.shutdown()
    server.server_close()


def alert(name: str, state: str = "firing") -> dict[str, Any]:
    return {"labels": {"alertname": name}, "state": state}


def test_an_alert_that_fires_is_looked_after_first(prometheus: tuple[str, list[dict[str, Any]]]) -> None:
    url, firing = prometheus
    firing += [alert("HavenNoPrimary"), alert("HavenDrillOverdue"), alert("Other"), alert("HavenLag", "pending")]
    assert ended(run(Script(), alerts=url)) == ("refused", "alerts fire: HavenNoPrimary: look after them first")


def test_alerts_that_fire_meanwhile_are_told_with_their_delay(prometheus: tuple[str, list[dict[str, Any]]]) -> None:
    url, firing = prometheus
    script = Script()
    spec = {"kind": "freeze", "seconds": 6}
    runner = Runner(experiment(fault=spec, alerts=["HavenNoPrimary"]), Target(script), Alerts(url), TimeLine(), 60.0)

    def fire() -> None:
        _until(script)
        firing.append(alert("HavenNoPrimary"))

    thread = threading.Thread(target=fire)
    thread.start()
    stage = runner.run()
    thread.join()
    assert [(each.name, each.expected) for each in stage.alerts] == [("HavenNoPrimary", True)]
    assert 0 <= (stage.alerts[0].after or -1) < 7


def _until(script: Script) -> None:
    while "begin" not in script.done:
        time.sleep(0.01)


def test_a_prometheus_that_is_away_refuses_the_drill() -> None:
    assert run(Script(), alerts="http://127.0.0.1:9").result == "refused"
    with pytest.raises(DrillError, match="--prometheus='nowhere' is no address"):
        Alerts("nowhere")
