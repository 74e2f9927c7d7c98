import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.local import LocalError
from app.local.state import Claim, PartState, StackState, pid_alive, running


def state(pid: int) -> StackState:
    part = PartState("web", pid, "127.0.0.1:8000", 1.5, 2, once=False)
    return StackState(pid, 1.0, 8000, [7001], [7101], [9101, 9102], {"HAVEN_ENV": "development"}, [9201], [part])


def test_it_is_read_back_as_written(tmp_path: Path) -> None:
    written = state(os.getpid())
    written.write(tmp_path)
    assert StackState.read(tmp_path) == written
    assert written.urls["subscriber metrics"] == "http://127.0.0.1:9102/metrics"
    assert written.parts[0].alive
    assert "Prometheus alerts" not in written.urls


def test_prometheus_is_listed_where_there_is_one(tmp_path: Path) -> None:
    replace(state(os.getpid()), prometheus_port=9090).write(tmp_path)
    read = StackState.read(tmp_path)
    assert read
    assert read.urls["Prometheus alerts"] == "http://127.0.0.1:9090/api/v1/alerts"


def test_a_damaged_or_missing_file_is_none(tmp_path: Path) -> None:
    assert StackState.read(tmp_path) is None
    (tmp_path / "stack.json").write_text('{"pid": 1')
    assert StackState.read(tmp_path) is None
    (tmp_path / "stack.json").write_text('{"pid": 1}')
    assert StackState.read(tmp_path) is None


def test_a_state_without_its_claim_is_stale(tmp_path: Path) -> None:
    assert running(tmp_path / "missing") is None
    claim = Claim(tmp_path)
    state(os.getpid()).write(tmp_path)
    assert running(tmp_path) == state(os.getpid())
    with pytest.raises(LocalError, match=r"runs on .* already"):
        Claim(tmp_path)
    claim.release()
    assert running(tmp_path) is None
    state(os.getpid()).write(tmp_path)
    assert running(tmp_path) is None
    Claim(tmp_path).release()


def test_an_ended_process_is_not_alive_even_before_it_is_collected() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not pid_alive(process.pid)
    assert pid_alive(os.getpid())
