import io
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.local import LocalError
from app.local.parts import Part, Stage
from app.local.process import Process
from app.local.supervisor import Supervisor
from app.local.terminal import Terminal

FOREVER = "import time; print('here', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(600)"


def part(directory: Path, program: str, name: str = "part", **options: Any) -> Part:
    process = Process([sys.executable, "-c", program], directory / name)
    defaults: dict[str, Any] = {"ready": lambda: "here" in process.log.read_text(), "timeout": 10.0}
    return Part(name=name, process=process, **(defaults | options))


def until(condition: Callable[[], object], timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def test_stages_start_in_order_and_end_in_the_opposite_order(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    noting = (
        "import pathlib, signal, sys, time\n"
        f"def note(*_):\n  pathlib.Path({str(ends)!r}).open('a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, note); print('here', flush=True); time.sleep(600)"
    )
    parts = [part(tmp_path, noting, name) for name in ("a", "b")]
    for each in parts:
        each.process.command.append(each.name)
    out = io.StringIO()
    settled: list[bool] = []
    stages = [
        Stage([parts[0]], lambda: settled.append(parts[0].process.alive and not parts[1].process.alive)),
        Stage([part(tmp_path, "print('once')", "once", once=True)]),
        Stage([parts[1]]),
    ]
    supervisor = Supervisor(stages, Terminal(out, {}))
    supervisor.start()
    supervisor.stop()
    supervisor.stop()
    assert settled == [True]
    assert ends.read_text() == "ba"
    assert [line.split()[:2] for line in out.getvalue().splitlines()] == [["✓", "a"], ["✓", "once"], ["✓", "b"]]


def test_a_dead_part_starts_again_and_its_end_is_told(tmp_path: Path) -> None:
    out = io.StringIO()
    one = part(tmp_path, FOREVER)
    supervisor = Supervisor([Stage([one])], Terminal(out, {}))
    supervisor.start()
    runner = threading.Thread(target=supervisor.run)
    runner.start()
    try:
        first = one.process.pid
        one.process.kill()
        until(lambda: "is back" in out.getvalue())
        assert one.process.alive
        assert one.process.pid != first
        assert one.restarts == 1
        assert "part killed by SIGKILL; it starts again in 1 s" in out.getvalue()
    finally:
        supervisor.end()
        runner.join()
        supervisor.stop()
    assert not one.process.alive


@pytest.mark.parametrize(
    ("program", "options", "said"),
    [
        ("print('why'); raise SystemExit(3)", {}, "part: exit code 3"),
        ("print('why', flush=True); import time; time.sleep(600)", {"timeout": 0.5}, "part: not ready within 0.5 s"),
        ("print('why'); raise SystemExit(4)", {"once": True}, "part: exit code 4"),
    ],
)
def test_a_part_that_does_not_come_up_shows_its_log_and_a_remedy(
    tmp_path: Path, program: str, options: dict[str, Any], said: str
) -> None:
    supervisor = Supervisor([Stage([part(tmp_path, program, remedy="mend it", **options)])], Terminal(io.StringIO()))
    with pytest.raises(LocalError) as error:
        supervisor.start()
    supervisor.stop()
    assert said in error.value.message
    assert "why" in error.value.message
    assert error.value.remedy == "mend it"


def test_a_part_that_ignores_its_end_is_killed_with_its_children(tmp_path: Path) -> None:
    parent = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {DEAF!r}])\n{DEAF}"
    log = tmp_path / "part" / "log"
    one = part(tmp_path, parent, grace=0.3, ready=lambda: log.read_text().count("here") == 2)
    supervisor = Supervisor([Stage([one])], Terminal(io.StringIO()))
    supervisor.start()
    group = one.process.pid
    begun = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - begun < 3
    assert group
    assert one.process.status == -9
    until(lambda: not _members(group))


def _members(group: int) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and os.getpgid(process.pid) == group:
                found.append(process.pid)
        except (psutil.Error, ProcessLookupError):
            continue
    return found


def test_a_command_that_is_missing_is_named(tmp_path: Path) -> None:
    process = Process(["/nowhere/program"], tmp_path / "part")
    process.start()
    assert process.wait(10) == 127
    assert "cannot run /nowhere/program: No such file" in process.log.read_text()
