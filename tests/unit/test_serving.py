from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from gunicorn.app.wsgiapp import WSGIApplication

from app import create_app
from app.cli import main
from app.config import load_config
from app.ops.metrics_files import VARIABLE
from app.serving import SPARE, Serving, serving

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {
    "HAVEN_WEB_WORKERS": "3",
    "HAVEN_WEB_THREADS": "20",
    "HAVEN_WEB_STREAMS": "7",
    "HAVEN_REALTIME_WORKERS": "2",
    "HAVEN_REALTIME_STREAMS": "5000",
    "HAVEN_GRACE": "17",
}


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the command turned into; its own environment stays as it was."""
    command: list[str] = []
    monkeypatch.setattr(os, "execv", lambda _, words: command.extend(words))
    monkeypatch.setattr(os, "environ", {**os.environ, **ENVIRONMENT})
    return command


def test_each_role_has_its_own_numbers() -> None:
    config = load_config(ENVIRONMENT)
    assert serving(config, "web") == Serving("web", workers=3, threads=20, streams=7)
    assert serving(config, "realtime") == Serving("realtime", workers=2, threads=5000 + SPARE, streams=5000)


@pytest.mark.parametrize(
    ("role", "workers", "kind"), [("web", 3, ("gthread", 20)), ("realtime", 2, ("gevent", 5000 + SPARE))]
)
def test_gunicorn_gets_them(
    executed: list[str], monkeypatch: pytest.MonkeyPatch, role: str, workers: int, kind: tuple[str, int]
) -> None:
    CliRunner().invoke(main, [role], catch_exceptions=False)
    patched = ["-m", "gevent.monkey", "--module", "gunicorn"]
    wanted = patched if role == "realtime" else ["-m", "gunicorn"]
    assert executed[: 1 + len(wanted)] == [sys.executable, *wanted]
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", executed[executed.index("gunicorn") :])
    monkeypatch.delitem(sys.modules, "app.gunicorn_conf", raising=False)  # it reads the configuration when imported
    told = WSGIApplication()
    assert told.cfg is not None
    at_once = told.cfg.worker_connections if role == "realtime" else told.cfg.threads
    assert (told.cfg.workers, told.cfg.graceful_timeout) == (workers, 17)
    assert (told.cfg.settings["worker_class"].value, at_once) == kind
    assert told.cfg.worker_connections > told.cfg.threads, "or no connection is kept open between two requests"
    assert told.app_uri == f"app.wsgi:make('{role}')"


@pytest.mark.parametrize(("role", "streams"), [("web", 7), ("realtime", 5000)])
def test_as_many_streams_are_taken_as_there_are_threads_for(role: str, streams: int) -> None:
    config = load_config(ENVIRONMENT)
    app = create_app(config, "realtime" if role == "realtime" else "web")
    assert app.extensions["haven.hub"].limit == streams


def test_the_metrics_of_a_former_run_are_removed(executed: list[str], tmp_path: Path) -> None:
    directory = tmp_path / "metrics"
    directory.mkdir()
    (directory / "counter_1.db").touch()
    os.environ["HAVEN_METRICS_DIR"] = str(directory)
    CliRunner().invoke(main, ["web"], catch_exceptions=False)
    assert executed
    assert os.environ[VARIABLE] == str(directory)
    assert not list(directory.iterdir())


def test_a_metrics_directory_that_cannot_be_made_is_named(executed: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.environ["HAVEN_METRICS_DIR"] = str(tmp_path / "file")
    done = CliRunner().invoke(main, ["web"])
    assert done.exit_code == 1
    assert not executed
    assert f"HAVEN_METRICS_DIR='{tmp_path / 'file'}'" in done.output
    assert "give a directory that can be written" in done.output
