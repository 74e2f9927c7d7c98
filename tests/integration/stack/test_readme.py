"""The README's commands do what it says. `make up` and `make test` are what runs this."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.stack.running import RunningStack

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUN_BY_OTHERS = {"make up", "make test", "make test-cluster"}
ON_A_CLUSTER = "helm "  # tests/cluster runs these


def commands() -> list[str]:
    return [line for block in BLOCK.findall((ROOT / "README.md").read_text()) for line in block.splitlines()]


def test_the_readme_begins_with_two_commands() -> None:
    assert set(commands()) >= RUN_BY_OTHERS


def test_every_other_command_works_on_a_running_stack(stack: RunningStack, tmp_path: Path) -> None:
    stack.wait_healthy(60)
    (tmp_path / ".haven").symlink_to(stack.data)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / ".venv" / "bin" / "haven"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m app.cli "$@"\n')
    program.chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()
    for name in ("Makefile", "uv.lock", "pyproject.toml", "app"):
        (tmp_path / name).symlink_to(ROOT / name)
    os.utime(tmp_path / ".venv" / ".installed", (time.time() + 3600, time.time() + 3600))
    rest = [command for command in commands() if command not in RUN_BY_OTHERS and not command.startswith(ON_A_CLUSTER)]
    assert len(rest) >= 4
    for command in rest:
        local = command.replace("localhost:8000", f"127.0.0.1:{stack.http}")
        done = subprocess.run(
            ["/bin/sh", "-ec", local], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if command.startswith("curl"):
            assert done.stdout.startswith("{"), command
    stack.wait_healthy(60)
