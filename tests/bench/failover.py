"""How long a writer waits, and what it loses: Haven beside plain Sentinel with the settings of well-known charts.

Usage: python -m tests.bench.failover [ROUNDS] [--ours]. Each round writes 200 keys a second, injects one fault, waits
until writes flow again, and counts acknowledged keys that are gone. The faults: the primary's process dies (kill -9),
it freezes (SIGSTOP, thawed once another serves), a planned handover.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.config import load_config
from app.guardian.settings import Timings
from app.local import RedisCluster
from app.store import create_store
from tests.bench.plain import PlainCluster
from tests.bench.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.local.nodes import RedisNode

FAULTS = ("death", "freeze", "handover")
WORST = {"death": (0.5, 1.0), "freeze": (1.5, 2.5), "handover": (0.3, 0.3)}
RIVALS = {
    "plain Sentinel, 10 s": Timings(10_000, 180_000, 1_000, 1_000, 10_000, 2_000),
    "plain Sentinel, 1.5 s": Timings(1_500, 15_000, 1_000, 1_000, 10_000, 2_000),
    "plain Sentinel, 0.5 s": Timings(500, 180_000, 500, 1_000, 10_000, 2_000),
}
LONGEST = 60.0
SETTLE = 1.0


@dataclass
class Tally:
    """What one set-up showed for one fault."""

    gaps: list[float] = field(default_factory=list)
    written: int = 0
    lost: int = 0
    errors: int = 0

    def row(self) -> str:
        """Minimum, median, maximum, lost, errors."""
        low, middle, high = min(self.gaps), statistics.median(self.gaps), max(self.gaps)
        return f"{low:6.2f} {middle:7.2f} {high:7.2f}   {self.lost:>6} of {self.written:<7} {self.errors:>6}"


def ours(directory: Path, rounds: int, report: Callable[[str, int, float], None]) -> dict[str, Tally]:
    """Haven: durable writes through its store."""
    found = {fault: Tally() for fault in FAULTS}
    with RedisCluster(directory) as cluster:
        hosts = ",".join(f"{host}:{port}" for host, port in cluster.sentinels)
        config = load_config({"REDIS_SENTINEL_HOSTS": hosts, "REDIS_SENTINEL_MASTER": cluster.master_name})
        for fault in FAULTS:
            for number in range(rounds):
                store = create_store(config, role="bench")

                def write(key: str, store=store) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
                    with store.durable() as pipe:
                        pipe.set(key, "v")

                cluster.wait_healthy(60)
                time.sleep(SETTLE)
                primary = cluster.primary()
                with Writer(write, f"{fault}:{number}:") as writer:
                    time.sleep(SETTLE)
                    since = time.monotonic()
                    if fault == "handover":
                        ordinal = cluster.nodes.index(primary) + 1
                        code, outcome = cluster.guardian(ordinal).hand_over()
                        assert code == 200, outcome  # a benchmark of something else otherwise
                    else:
                        injure(primary, fault)
                    writer.until_back(since, LONGEST)
                heal(primary)
                cluster.wait_healthy(60)
                book(found[fault], writer, since, cluster.primary())
                report(fault, number, found[fault].gaps[-1])
                store.close()
    return found


def plain(directory: Path, timings: Timings, rounds: int) -> dict[str, Tally]:
    """Plain Sentinel, written to with redis-py's own Sentinel client."""
    found = {fault: Tally() for fault in FAULTS}
    with PlainCluster(directory, timings) as cluster:
        for fault in FAULTS:
            for number in range(rounds):
                cluster.wait_healthy(LONGEST)
                client = cluster.client()
                primary = cluster.primary()
                with Writer(lambda key, client=client: client.set(key, "v"), f"{fault}:{number}:") as writer:
                    time.sleep(SETTLE)
                    since = time.monotonic()
                    if fault == "handover":
                        cluster.fail_over()
                    else:
                        injure(primary, fault)
                    writer.until_back(since, LONGEST)
                    time.sleep(SETTLE)
                heal(primary)
                cluster.wait_healthy(LONGEST)
                book(found[fault], writer, since, cluster.primary())
                client.close()
    return found


def injure(node: RedisNode, fault: str) -> None:
    """Let the process die or freeze."""
    if fault == "death":
        node.kill()
    else:
        node.freeze()


def heal(node: RedisNode) -> None:
    """Bring it back."""
    node.thaw()
    if not node.alive:
        node.restart()


def book(tally: Tally, writer: Writer, since: float, primary: RedisNode) -> None:
    """Count."""
    tally.gaps.append(writer.gap(since))
    tally.written += len(writer.acknowledged)
    tally.errors += len(writer.errors)
    tally.lost += writer.missing(primary.client.mget)


def main() -> int:
    """Run everything and print the table; 1 if a figure was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rounds", nargs="?", type=int, default=20)
    parser.add_argument("--ours", action="store_true", help="without the rivals")
    chosen = parser.parse_args()

    def report(fault: str, number: int, gap: float) -> None:
        print(f"  {fault} {number + 1}: {gap:.2f} s", file=sys.stderr, flush=True)

    results: dict[str, dict[str, Tally]] = {}
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        results["Haven"] = ours(root / "haven", chosen.rounds, report)
        if not chosen.ours:
            with ThreadPoolExecutor(len(RIVALS)) as pool:  # they mostly wait
                jobs = {
                    name: pool.submit(plain, root / str(place), timings, chosen.rounds)
                    for place, (name, timings) in enumerate(RIVALS.items())
                }
                results |= {name: job.result() for name, job in jobs.items()}
    print(f"\n{chosen.rounds} rounds per fault; seconds without an acknowledged write; acknowledged writes lost\n")
    print(f"{'fault':<10} {'set-up':<24} {'min':>6} {'median':>7} {'max':>7}   {'lost':>6} {'written':<10} errors")
    for fault in FAULTS:
        for name, tallies in results.items():
            print(f"{fault:<10} {name:<24} {tallies[fault].row()}")
    missed = [
        fault
        for fault, (median, worst) in WORST.items()
        if statistics.median(results["Haven"][fault].gaps) > median
        or max(results["Haven"][fault].gaps) > worst
        or results["Haven"][fault].lost
    ]
    print(f"\n{'every figure reached' if not missed else 'MISSED: ' + ', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
