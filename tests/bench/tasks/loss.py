"""What task queues lose when something dies: Haven on its own cluster, the others on plain Sentinel.

Usage: python -m tests.bench.tasks.loss [--only NAME …] [--at-once N] [--json FILE]. Three drills each: the worker is
killed in the middle of its tasks; the primary is killed, and frozen, under a producer and a worker.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from redis.exceptions import RedisError

from app.guardian.settings import Timings
from app.local import RedisCluster
from app.local.conf import MASTER_NAME
from app.local.errors import LocalError
from tests.bench.plain import PlainCluster
from tests.bench.tasks import drills
from tests.bench.tasks.contestants import DURABLE, OURS, QUICK, Contestant, chosen
from tests.bench.tasks.drills import Loss
from tests.bench.tasks.environments import Unavailable
from tests.bench.tasks.programs import Address, Programs
from tests.bench.tasks.server import Pair

TASKS = 2000
LEAST = 200
AT_ONCE = 3
PLAIN = Timings(3_000, 10_000, 1_000, 1_000, 10_000, 2_000)
TITLES = {
    "worker": f"worker killed (-9) in the middle of {TASKS} tasks of {drills.WORK} ms, another at once, "
    f"{drills.KILL_WAIT:g} s wait; one Redis",
    "killed": f"primary killed at {drills.FAULT_AT:g} s; {drills.RATE} enqueues a second for {drills.SECONDS} s",
    "frozen": f"primary frozen for {drills.FROZEN:g} s at {drills.FAULT_AT:g} s; otherwise the same",
}
Rows = dict[str, Loss | str]


def drill(contestant: Contestant, root: Path) -> Rows:
    """All drills of one contestant; a word in place of a row says why there is none."""
    rows: Rows = {}
    place = root / contestant.name
    number = max(LEAST, int(TASKS * contestant.share))
    try:
        with Pair(place / "pair") as pair:
            programs = Programs(contestant, Address(port=pair.port), place / "worker")
            rows["worker"] = drills.worker_killed(programs, pair, number)
    except (Unavailable, LocalError, RedisError, TimeoutError) as error:
        rows["worker"] = str(error)
    say(contestant, rows, "worker")
    cluster: RedisCluster | PlainCluster
    if contestant in OURS:
        cluster = RedisCluster(place / "cluster")
        ports = tuple(port for _, port in cluster.sentinels)
    else:
        cluster = PlainCluster(place / "cluster", PLAIN)
        ports = tuple(sentinel.port for sentinel in cluster.sentinels)
    try:
        with cluster:
            for fault in ("killed", "frozen"):
                try:
                    programs = Programs(contestant, Address(sentinels=ports, master=MASTER_NAME), place / fault)
                    rows[fault] = drills.outage(programs, cluster, fault)
                except (Unavailable, LocalError, RedisError, StopIteration) as error:
                    rows[fault] = str(error)
                say(contestant, rows, fault)
    except LocalError as error:
        rows |= {fault: str(error) for fault in ("killed", "frozen") if fault not in rows}
    return rows


def say(contestant: Contestant, rows: Rows, name: str) -> None:
    """How far it is."""
    print(f"  {contestant.name}, {name}: {rows[name]}", file=sys.stderr, flush=True)


def show(table: dict[str, Rows]) -> None:
    """Print a table for each drill."""
    for name, title in TITLES.items():
        print(f"\n{title}")
        print(f"{'':<12} {'taken in':>8} {'failed':>6} {'never ran (held)':>16} {'twice':>5}", end=" ")
        print(f"{'longest call':>12} {'resumed' if name != 'worker' else 'all ran':>8} {'exits':>5}")
        for contestant, rows in table.items():
            row = rows.get(name, "not run")
            if isinstance(row, str):
                print(f"{contestant:<12} {row}")
                continue
            late = f"{row.never} ({row.held})" if row.never else "0"
            longest = f"{row.longest:.2f} s" if name != "worker" else "-"
            back = "never" if row.resumed is None else f"{row.resumed:.1f} s"
            print(f"{contestant:<12} {row.promised:>8} {row.failed:>6} {late:>16} {row.twice:>5}", end=" ")
            print(f"{longest:>12} {back:>8} {row.exits:>5}")


def judge(rows: Rows) -> bool:
    """Print whether Haven reached what it promises."""
    fine = True
    print(
        "\nHaven: no call fails, nothing is lost, nothing runs twice but what a killed worker had under way: "
        f"ended less than {drills.LAST_THING:g} s before, with no time to say so"
    )
    for name in TITLES:
        row = rows.get(name, "not run")
        if isinstance(row, str):
            print(f"  {name}: MISSED, {row}")
            fine = False
            continue
        fine &= row.clean
        found = f"{row.failed} failed, {row.never} lost, {row.twice} twice, {row.excused} of them under way"
        print(f"  {name}: {found}: {'reached' if row.clean else 'MISSED'}")
    return fine


def main() -> int:
    """Run everything and print the tables; 1 if Haven lost something."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of everyone, these only")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help=f"rivals at a time; they mostly wait ({AT_ONCE})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    options = parser.parse_args()
    contestants = [each for each in chosen(options.only) if options.only or each != QUICK]
    table: dict[str, Rows] = {}
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(options.at_once) as pool:
        root = Path(directory)
        for each in contestants:
            if each in OURS:
                table[each.name] = drill(each, root)
        jobs = {each.name: pool.submit(drill, each, root) for each in contestants if each not in OURS}
        table |= {name: job.result() for name, job in jobs.items()}
    print(
        "\nHaven's cluster: its guardian's. The others': plain Sentinel, three of each, "
        f"down-after-milliseconds {PLAIN.down_after}, failover-timeout {PLAIN.failover_timeout}, "
        "min-replicas-to-write 0 as Redis comes; library defaults. Slow libraries get fewer tasks."
    )
    show(table)
    if options.json:
        found = {
            name: {drill: row if isinstance(row, str) else asdict(row) for drill, row in rows.items()}
            for name, rows in table.items()
        }
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if DURABLE.name not in table or judge(table[DURABLE.name]) else 1


if __name__ == "__main__":
    sys.exit(main())
