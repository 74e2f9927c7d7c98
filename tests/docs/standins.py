"""What the pages leave to the reader, and what the tests put there."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.local.target import find_target
from app.store import create_store
from app.tasks import Queue, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.stack.running import RunningStack

ID = re.compile(r"(?<=\s)ID(?=\s|$)", re.MULTILINE)
NAMES = "NS=shop R=haven"


def on_stack(text: str, stack: RunningStack) -> str:
    """A block for the stack with its real address, with a node that can be handed over to, and real tasks."""
    text = text.replace("localhost:8000", f"127.0.0.1:{stack.http}")
    text = re.sub(r"/backups(/haven-\w+\.rdb)?", str(stack.data / "backups"), text)  # the newest one in it
    # what is tried is the command, not how fast the machine is: tests/integration/stack/test_load.py looks at verdicts
    text = text.replace("--duration 60", "--duration 3").replace("p99<300ms", "p99<30s")
    if "--to redis-2" in text:
        nodes = stack.status()["redis"]
        replica = next(node for node in nodes if node["role"] == "replica")
        text = text.replace("redis-2", f"redis-{int(replica['address'].rpartition(':')[2]) - stack.redis + 1}")
    if "haven drill report" in text and "drill run" not in text and not (stack.data / "drills").exists():
        text = f"haven drill run primary-handover --yes\n{text}"  # none has been run yet: this page is read first
    if "haven tasks dead replay" in text:
        make_dead_task(stack.data)
    return ID.sub(make_delayed_task(stack.data), text) if ID.search(text) else text


def on_cluster(text: str, namespace: str, release: str, image: str) -> str:
    """A block for a cluster with real names."""
    repository, _, tag = image.rpartition(":")
    text = text.replace(NAMES, f"NS={namespace} R={release}")
    text = re.sub(r"(--namespace |--allow |create namespace )[a-z][a-z-]*", rf"\g<1>{namespace}", text)
    for placeholder, real in {
        "image.repository=…": f"image.repository={repository}",
        "image.repository=REGISTRY/haven": f"image.repository={repository},image.tag={tag}",
        "image.tag=…": f"image.tag={tag}",
    }.items():
        text = text.replace(placeholder, real)
    return text


def placeholder(text: str) -> str:
    """The namespace that a block speaks of."""
    found = re.search(r"--namespace ([a-z][a-z-]*)", text)
    return found[1] if found else ""


@contextmanager
def tasks_of(data: Path) -> Iterator[Queue]:
    """A queue of the stack that takes a `send_email` with arguments which no worker takes: it dies at once."""
    store = create_store(find_target(data).config, role="test")
    registry = Registry()

    @registry.task()
    def send_email(nobody: str = "") -> str:
        return nobody

    yield Queue(store, ttl=600, tasks=registry)
    store.close()


def make_delayed_task(data: Path) -> str:
    """The id of a new task that may run in an hour."""
    with tasks_of(data) as queue:
        return queue.enqueue("send_email", {}, delay=3600)


def make_dead_task(data: Path) -> None:
    """See one die."""
    with tasks_of(data) as queue:
        found = queue.wait(queue.enqueue("send_email", {}), 20)
    assert found is not None
    assert found.status == "dead", found
