"""One round: a cluster, workers, producers, faults by a plan, and at the end a count of what became of every task."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.config import load_config
from app.local import RedisCluster
from app.local.process import Process
from app.store import create_store, deadline
from app.tasks import Queue, Step
from tests.chaos import handlers
from tests.chaos.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local.nodes import RedisNode
    from tests.chaos.faults import Fault

ROOT = Path(__file__).parents[2]
LEASE = 5.0
PRODUCERS = 4
PATIENCE = 30.0  # for one enqueue: faults may follow each other before the first is over
DRAIN = 90.0
HEALTHY = 60.0


@dataclass
class Verdict:
    """What a round showed.

    Attributes:
        tasks: ids that were acknowledged, and those of the steps that follow them.
        failed: enqueues that raised.
        lost: acknowledged, and never came to an end.
        doubled: came to an end twice, though no worker that ran them was killed.
        repeated: came to an end twice, as their worker was killed before it could say so.
        longest: seconds of the longest enqueue.
        seconds: of the whole round.
        workers_lost: workers that ended by themselves.
    """

    tasks: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    longest: float = 0.0
    seconds: float = 0.0
    workers_lost: int = 0

    def __str__(self) -> str:
        """As printed."""
        return (
            f"{len(self.tasks)} tasks: {len(self.failed)} enqueues failed, {len(self.lost)} lost, "
            f"{len(self.doubled)} doubled, {len(self.repeated)} ended twice for a killed worker, "
            f"{self.workers_lost} workers ended by themselves; "
            f"longest enqueue {self.longest:.2f} s, {self.seconds:.0f} s"
        )


class Round:
    """Everything that one round needs.

    Args:
        directory: for all of it.
        workers: processes.
    """

    def __init__(self, directory: Path, workers: int = 3) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.clock = Clock(directory) if Clock.is_there() else None
        self.cluster = RedisCluster(directory / "cluster", binary=self.clock.program if self.clock else None)
        if self.clock:
            for place in range(1, len(self.cluster.nodes) + 1):
                # A Sentinel whose clock jumps acts on nothing for 30 s (TILT): a failover would have to wait for that.
                self.cluster.sentinel(place).command[0] = self.clock.plain
        self.audit = handlers.Audit(directory / "audit")
        self.verdict = Verdict()
        self._killed: set[int] = set()
        self._ending = threading.Event()
        hosts = ",".join(f"{host}:{port}" for host, port in self.cluster.sentinels)
        self._where = {"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": self.cluster.master_name}
        environment = {
            **os.environ,
            **self._where,
            "HAVEN_TASK_MODULES": handlers.__name__,
            "HAVEN_TASK_LEASE": str(LEASE),
            "HAVEN_LOG_LEVEL": "info",
            handlers.AUDIT: str(self.audit.path),
        }
        command = [sys.executable, "-m", "app.cli", "worker"]
        self.workers = [
            Process(command, directory / f"worker-{place}", env=environment, cwd=ROOT) for place in range(workers)
        ]

    def __enter__(self) -> Self:
        self.cluster.start()
        self._store = create_store(load_config(self._where), role="chaos")
        self._queue = Queue(self._store, ttl=3600)
        self._keeping = threading.Thread(target=self._keep_workers, daemon=True)
        self._keeping.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._keeping.join()
        for worker in self.workers:
            worker.stop(10)
        self._store.close()
        self.cluster.stop()

    def run(self, tasks: int, faults: list[Fault], say: Callable[[str], None]) -> Verdict:
        """Enqueue so many tasks while all these faults happen; how that went.

        Args:
            tasks: spread over the time that the faults take; the workers keep up.
            faults: one after the other.
            say: told of each.
        """
        began = time.monotonic()
        over = threading.Event()
        producers = [
            threading.Thread(target=self._produce, args=(place, tasks // PRODUCERS, over)) for place in range(PRODUCERS)
        ]
        for producer in producers:
            producer.start()
        try:
            for fault in faults:
                time.sleep(fault.after)
                say(f"{time.monotonic() - began:6.1f} s {fault}")
                self._break(fault)
        finally:
            over.set()
            for producer in producers:
                producer.join()
        if self.clock:
            self.clock.catch_up()
        say(f"{time.monotonic() - began:6.1f} s all enqueued; waiting for the last to end")
        self._judge()
        self.verdict.seconds = time.monotonic() - began
        return self.verdict

    def _produce(self, place: int, count: int, over: threading.Event) -> None:
        """Enqueue its share: steadily while faults happen, the rest as fast as it goes."""
        for number in range(count):
            task_id = f"{place}-{number}"
            before = time.monotonic()
            try:
                with deadline(PATIENCE):
                    self._enqueue(task_id, number)
            except Exception as error:  # noqa: BLE001 - whatever it is, it counts as failed
                self.verdict.failed.append(f"{task_id}: {error}")
            else:
                self.verdict.tasks.add(task_id)
            took = time.monotonic() - before
            self.verdict.longest = max(self.verdict.longest, took)
            if not over.is_set():
                time.sleep(0.012)

    def _enqueue(self, task_id: str, number: int) -> None:
        enqueue = self._queue.enqueue
        priority = ("high", "normal", "low")[number % 3]
        match number % 20:
            case 0:
                enqueue("plain", {"milliseconds": 1}, task_id=task_id, delay=number % 7 / 3)
            case 1 | 2:
                enqueue("flaky", task_id=task_id)
            case 3 | 4:
                enqueue("narrow", task_id=task_id, priority=priority)  # type: ignore[arg-type]
            case 5:
                enqueue("plain", {"milliseconds": 1}, task_id=task_id, then=[Step("flaky"), Step("narrow")])
                self.verdict.tasks |= {f"{task_id}>1", f"{task_id}>2"}
            case 6:
                enqueue("plain", {"milliseconds": 400}, task_id=task_id)
            case _:
                enqueue("plain", {"milliseconds": number % 5}, task_id=task_id, priority=priority)  # type: ignore[arg-type]

    def _break(self, fault: Fault) -> None:
        match fault.kind:
            case "worker kill":
                victim = self.workers[fault.place % len(self.workers)]
                if victim.alive and victim.pid:
                    self._killed.add(victim.pid)
                    victim.kill()
                return
            case "clock jump":
                assert self.clock
                self.clock.jump(fault.amount)
                return
            case "primary kill":
                self._hit(lambda node: node.kill(), fault.amount)
            case "primary freeze":
                self._hit(lambda node: node.freeze(), fault.amount)
            case "handover":
                primary = self._primary()
                self.cluster.guardian(self.cluster.nodes.index(primary) + 1).hand_over()
            case "replica restart":
                replicas = [node for node in self.cluster.nodes if node is not self._primary()]
                replicas[fault.place % len(replicas)].restart()
        self.cluster.wait_healthy(HEALTHY)

    def _hit(self, hit: Callable[[RedisNode], None], seconds: float) -> None:
        node = self._primary()
        hit(node)
        time.sleep(seconds)
        node.thaw()
        node.start()

    def _primary(self) -> RedisNode:
        self.cluster.wait_healthy(HEALTHY)
        return self.cluster.primary()

    def _keep_workers(self) -> None:
        """Start workers again, as whoever runs them does."""
        for worker in self.workers:
            worker.start()
        while not self._ending.wait(0.2):
            for worker in self.workers:
                if not worker.alive:
                    self.verdict.workers_lost += worker.pid not in self._killed
                    worker.start()

    def _judge(self) -> None:
        verdict = self.verdict
        end = time.monotonic() + DRAIN
        while (missing := verdict.tasks - self.audit.ends().keys()) and time.monotonic() < end:
            time.sleep(0.5)
        time.sleep(LEASE + 3)  # whatever is still run a second time
        ends = self.audit.ends()
        verdict.lost = sorted(missing)
        for task_id, pids in ends.items():
            if len(pids) > 1:
                # whoever was killed may have been killed between the last line of the task and the word to Redis
                place = verdict.repeated if set(pids[:-1]) <= self._killed else verdict.doubled
                place.append(task_id)
