"""A real Prometheus on this machine."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from app.local import LocalError
from app.local.ports import free_ports
from app.local.prometheus import FETCHED, Prometheus, find_prometheus, rule_files, scraped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULE = """
groups:
  - name: test
    rules:
      - alert: Up
        expr: up{component="web"} == 1
        annotations: {summary: "{{ $labels.pod }}"}
"""


@pytest.fixture(scope="module", autouse=True)
def _present() -> None:
    try:
        find_prometheus()
    except LocalError as error:
        pytest.skip(str(error))


@pytest.fixture
def web() -> Iterator[int]:
    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/metrics" else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(b"answer 42\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_it_scrapes_under_the_names_of_the_pod_monitor_and_raises_alerts(tmp_path: Path, web: int) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "test.yaml").write_text(RULE)
    dead = free_ports(2)
    targets = scraped(web, dead[:1], dead[1:])
    with Prometheus(tmp_path / "p", targets, interval=0.2, rules=rule_files(tmp_path / "rules")) as prometheus:
        end = time.monotonic() + 15
        while len(prometheus.query("up")) < 3 or not prometheus.alerts():
            assert time.monotonic() < end
            time.sleep(0.1)
        (sample,) = prometheus.query("answer")
        assert sample.value == 42
        assert sample.labels == {
            "__name__": "answer",
            "component": "web",
            "instance": f"127.0.0.1:{web}",
            "job": "haven",
            "namespace": "local",
            "pod": "web",
            "release": "haven",
        }
        up = {(each.labels["component"], each.labels["pod"]): each.value for each in prometheus.query("up")}
        assert up == {("web", "web"): 1, ("worker", "worker"): 0, ("redis", "redis-1"): 0}
        (alert,) = prometheus.alerts()
        assert (alert["state"], alert["annotations"]["summary"]) == ("firing", "web")
        assert prometheus.query("scalar(answer)")[0].value == 42
        now = time.time()
        (series,) = prometheus.query_range("answer", now - 1, now, 0.5)
        assert {value for _, value in series.values} == {42}
        with pytest.raises(LocalError, match="parse error"):
            prometheus.query("sum(")
    assert not prometheus.alive
    with pytest.raises(LocalError, match="does not answer"):
        prometheus.alerts()


def test_a_rule_that_is_none_ends_the_start_and_is_in_its_log(tmp_path: Path) -> None:
    rule = tmp_path / "broken.yaml"
    rule.write_text("groups: [{name: x, rules: [{alert: X, expr: 'sum('}]}]")
    prometheus = Prometheus(tmp_path / "p", [], rules=[rule])
    with pytest.raises(LocalError, match="ended at its start"), prometheus:
        pass
    assert "broken.yaml" in prometheus.log.read_text()


def test_the_one_that_is_named_is_taken_and_must_be_a_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "mine"
    monkeypatch.setenv("HAVEN_PROMETHEUS", str(program))
    with pytest.raises(LocalError, match="mine"):
        find_prometheus()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_prometheus() == program


def test_where_there_is_none_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HAVEN_PROMETHEUS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("app.local.prometheus.FETCHED", tmp_path / FETCHED.name)
    with pytest.raises(LocalError, match="make servers"):
        find_prometheus()
