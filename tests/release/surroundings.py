"""What tests of a release need: programs that are there, programs that only note how they were called, and make."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".cache" / "tools"
EVERYWHERE = ("awk", "cat", "git", "grep", "make", "mkdir", "sed", "sh", "tr")
_OF_MAKE = {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "VERSION", "IMAGE", "CHARTS", "KIND"}
"""A test may itself run under make: what was said to that one is not for ours."""


def tool(name: str, remedy: str) -> str:
    """The path of a program; without it the test is skipped, but not in CI."""
    found = shutil.which(name, path=f"{TOOLS}:{os.environ['PATH']}")
    if not found:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not on PATH: CI must not skip this ({remedy})")
        pytest.skip(f"{name} is not on PATH: {remedy}")
    return found


class Stage:
    """A directory of programs that note how they were called, in front of the real ones, and make beside them.

    Args:
        directory: for the programs and what they note.
    """

    def __init__(self, directory: Path) -> None:
        self._bin = directory / "bin"
        self._bin.mkdir()
        self._calls = directory / "calls"

    def program(self, name: str, does: str = "") -> None:
        """One that notes its name and words, then does something in sh."""
        path = self._bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self._calls}\n{does}\n')
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def run(self, *command: str, only: bool = False, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command among them; with ``only`` nothing else is there but what every system has."""
        rest = str(self._plain()) if only else os.environ["PATH"]
        environment = {name: value for name, value in os.environ.items() if name not in _OF_MAKE}
        environment |= {"PATH": f"{self._bin}:{rest}", **variables}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, env=environment, cwd=ROOT
        )

    def _plain(self) -> Path:
        directory = self._bin.with_name("plain")
        directory.mkdir(exist_ok=True)
        for name in EVERYWHERE:
            link = directory / name
            if not link.is_symlink():
                link.symlink_to(tool(name, "it is on every system"))
        return directory

    def make(self, *words: str, only: bool = False, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run make, with the Python and the installation of this test."""
        said = (f"VENV={Path(sys.prefix)}", f"PYTHON={sys.executable}")
        return self.run("make", "--no-print-directory", *said, *words, only=only, **variables)
