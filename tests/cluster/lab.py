"""What a cluster of our own can do that any other can't: bring images to its nodes, cut their power and their links.

HAVEN_LAB names a directory with two programs, ``images`` (build CONTEXT TAG) and ``cluster`` (load, node stop|start|
cut|join); ``scripts/kind`` has them for kind. Without it the image is one that the nodes already know (HAVEN_IMAGE),
and the nodes are left in peace.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.kube import run

if TYPE_CHECKING:
    import signal

ROOT = Path(__file__).parents[2]
REDIS = "docker.io/library/redis:8.0"
VALKEY = "docker.io/valkey/valkey:8.1"
POSTGRES = "docker.io/library/postgres:17"


def directory() -> Path | None:
    """Where it is, if there is one."""
    named = os.environ.get("HAVEN_LAB")
    return Path(named).resolve() if named else None


def build(tag: str) -> str:
    """Build the image and bring it to every node; its name."""
    lab = directory()
    if lab is None:
        image = os.environ.get("HAVEN_IMAGE")
        if not image:
            pytest.skip("no image: name one that the cluster knows in HAVEN_IMAGE")
        return image
    archive = run(str(lab / "images"), "build", str(ROOT), f"haven:{tag}", timeout=900).strip().splitlines()[-1]
    run(str(lab / "cluster"), "load", archive)
    return f"haven:{tag}"


def load_bases() -> None:
    """Bring the images of Redis, PostgreSQL and the exporter to every node."""
    lab = directory()
    if lab is None:
        return
    names = ("redis", "valkey", "redis-exporter", "postgres")
    archives = run(str(lab / "images"), "base", *names, timeout=900).split()
    run(str(lab / "cluster"), "load", *[word for word in archives if word.endswith(".tar")])


def send(number: signal.Signals, pod_uid: str, program: str) -> None:
    """Send a signal to a pod's process from outside: in its own namespace process 1 is spared SIGKILL and SIGSTOP."""
    if directory() is None:
        pytest.skip("processes can't be reached here: HAVEN_LAB is not set")
    found = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _belongs(entry, pod_uid.replace("-", "_"), program)
    ]
    assert len(found) == 1, (pod_uid, program, found)
    try:
        os.kill(found[0], number)
    except PermissionError:  # not root, as on a runner: sudo is
        run("sudo", "--non-interactive", "kill", f"-{number:d}", str(found[0]))


def _belongs(process: Path, pod_uid: str, program: str) -> bool:
    try:
        if (process / "comm").read_text().strip() != program:
            return False
        return pod_uid in (process / "cgroup").read_text().replace("-", "_")
    except OSError:  # it has ended
        return False


def node(what: str, name: str) -> None:
    """stop, start, cut or join a node."""
    lab = directory()
    if lab is None:
        pytest.skip("nodes can't be cut off here: HAVEN_LAB is not set")
    run(str(lab / "cluster"), "node", what, name)
