from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Self

import pytest

from tests.docs.shells import environment, make_desk
from tests.integration.stack.running import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class StackOfReaders(RunningStack):
    """The stack as the README starts it: `make up` in a checkout, ended by Ctrl-C at the terminal.

    Args:
        desk: the checkout.
    """

    def __init__(self, desk: Path) -> None:
        super().__init__(desk)
        self.desk = desk
        self.data = desk / ".haven"

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.desk)

    def arguments(self) -> list[str]:
        words = super().arguments()
        options = " ".join(words[words.index("--data") :])
        return ["env", f"--chdir={self.desk}", *_as_words(environment(self.desk)), f"ARGS={options}", "make", "up"]

    def interrupt(self) -> float:
        if self._process is None or self._process.poll() is not None:
            return 0.0
        started = time.monotonic()
        os.killpg(self.pid, signal.SIGINT)  # a terminal sends it to make as well
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            raise
        return time.monotonic() - started

    def __enter__(self) -> Self:
        self.start()
        return self


def _as_words(variables: dict[str, str]) -> list[str]:
    return ["-i", *(f"{name}={value}" for name, value in variables.items())]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackOfReaders]:
    """One for all pages: a page leaves it as healthy as it found it."""
    with StackOfReaders(make_desk(tmp_path_factory.mktemp("stack") / "haven")) as running:
        running.wait_healthy(60)
        yield running
