"""A host in a network namespace of its own, behind a router that says it can't be reached until it can."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final, Self

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

HERE, ROUTER, THERE = "198.18.97.1", "198.18.97.2", "198.19.97.2"
"""Of the range for tests of networks (RFC 2544), which nobody routes."""
_NAME: Final = f"haven{os.getpid()}"
_IP: Final = shutil.which("ip") or "ip"
_NEAR, _FAR = f"hvn{os.getpid()}", f"hvf{os.getpid()}"


def _ip(*words: str) -> None:
    subprocess.run((_IP, *words), check=True, capture_output=True, timeout=10)


class Distance:
    """Makes the namespace, and a way to it; skips the test where that is not allowed."""

    def __enter__(self) -> Self:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            pytest.skip("a network namespace needs root and iproute2")
        try:
            _ip("netns", "add", _NAME)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespace can be made here: {error.stderr.decode().strip()}")
        _ip("link", "add", _NEAR, "type", "veth", "peer", "name", _FAR, "netns", _NAME)
        _ip("addr", "add", f"{HERE}/30", "dev", _NEAR)
        _ip("-n", _NAME, "addr", "add", f"{ROUTER}/30", "dev", _FAR)
        _ip("link", "set", _NEAR, "up")
        for link in (_FAR, "lo"):
            _ip("-n", _NAME, "link", "set", link, "up")
        self._run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        _ip("-n", _NAME, "route", "add", "unreachable", f"{THERE}/32")
        _ip("route", "add", f"{THERE}/32", "via", ROUTER)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        _ip("link", "del", _NEAR)  # the route and the other end go with it
        _ip("netns", "del", _NAME)

    def serve(self, binary: Path, directory: Path) -> subprocess.Popen[bytes]:
        """Start a Redis there, at THERE and port 6379; it listens before anybody can reach it."""
        words = ("--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--dir", directory)  # noqa: S104 - in there
        return subprocess.Popen((_IP, "netns", "exec", _NAME, binary, *words), stdout=subprocess.DEVNULL)

    def arrive(self) -> None:
        """From now on the host can be reached."""
        _ip("-n", _NAME, "route", "del", "unreachable", f"{THERE}/32")
        _ip("-n", _NAME, "addr", "add", f"{THERE}/32", "dev", "lo")

    @staticmethod
    def _run(*words: str) -> None:
        subprocess.run((_IP, "netns", "exec", _NAME, *words), check=True, capture_output=True, timeout=10)
