"""Known vulnerabilities fail, and so does nobody to ask; `make check` warns of that."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from app.local.ports import free_ports
from scripts import audit

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def osv(bad: str) -> Iterator[str]:
    """A service that knows something of one package."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            names = [query["package"]["name"] for query in queries]
            asked.extend(names)
            known = {"vulns": [{"id": "GHSA-0000-0000-0001", "modified": "2026-01-01T00:00:00Z"}]}
            self._answer({"results": [known if name == bad else {} for name in names]})

        def do_GET(self) -> None:
            times = {"modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z"}
            self._answer({"id": "GHSA-0000-0000-0001", "summary": "It opens the door", "affected": [], **times})

        def _answer(self, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
        assert {"redis", "flask", "pytest"} <= set(asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("warn", [True, False])
def test_what_is_known_is_told_and_fails(monkeypatch: pytest.MonkeyPatch, *, warn: bool) -> None:
    with osv("flask") as service:
        monkeypatch.setenv("HAVEN_OSV_URL", service)
        with pytest.raises(SystemExit) as ended:
            audit.main(warn=warn)
    assert "flask" in str(ended.value)
    assert "It opens the door" in str(ended.value)


def test_nothing_known_is_silent(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    with osv("nothing") as service:
        monkeypatch.setenv("HAVEN_OSV_URL", service)
        audit.main(warn=False)
    assert capfd.readouterr() == ("", "")


def test_nobody_to_ask_is_a_warning_or_fails(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HAVEN_OSV_URL", f"http://127.0.0.1:{free_ports(1)[0]}")
    audit.main(warn=True)
    assert "NOT looked for" in capfd.readouterr().err
    with pytest.raises(SystemExit, match="NOT looked for"):
        audit.main(warn=False)


def test_what_is_ignored_says_why() -> None:
    assert all(len(why.split()) > 4 for why in audit.IGNORED.values())
