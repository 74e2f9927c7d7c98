"""Haven's task queue beside its rivals, all on the same Redis with one replica; prints a table and Haven's goals.

Usage: python -m tests.bench.tasks [--only NAME …] [--rounds N] [--tasks N] [--json FILE]. Each round measures every
contestant once, and the reference, plain redis-py, right before it; medians are quoted. Each library runs in an
environment of its own in .cache/bench, as its manual sets it up, with one worker process and results off.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from pathlib import Path

from redis.exceptions import RedisError

from tests.bench.tasks import goals, speed
from tests.bench.tasks.contestants import OURS, RAW, Contestant, chosen
from tests.bench.tasks.environments import Unavailable
from tests.bench.tasks.figures import HUNDREDTH, Figures
from tests.bench.tasks.programs import Address, Programs
from tests.bench.tasks.server import Pair

SAMPLES = 40
LEAST = 50
IN_BULK = 5  # times as many tasks: the reference would be done in an instant


def measure(programs: Programs, raw: Programs, pair: Pair, figures: Figures, tasks: int, samples: int) -> None:
    """One round of one contestant, the reference beside it."""
    number = max(LEAST, int(tasks * programs.contestant.share))
    reference = speed.enqueueing(raw, pair, tasks)
    figures.add("enqueue", speed.enqueueing(programs, pair, number), reference)
    reference, _ = speed.bulk(raw, pair, IN_BULK * tasks)
    rate, figures.own_bulk = speed.bulk(programs, pair, IN_BULK * number)
    figures.add("bulk", rate, reference)
    for task in ("noop", "pause"):
        reference = speed.draining(raw, pair, tasks, task)
        figures.add(task, speed.draining(programs, pair, number, task), reference)
    figures.waits += speed.latency(programs, pair, samples)
    if figures.memory is None:
        figures.memory = speed.memory(programs, pair)


def everything(contestants: list[Contestant], rounds: int, tasks: int, root: Path, pair: Pair) -> dict[str, Figures]:
    """All rounds; a contestant that fails once is left out from then on."""
    address = Address(port=pair.port)
    raw = Programs(RAW, address, root / RAW.name)
    table = {each.name: Figures() for each in (RAW, *contestants)}
    samples = -(-SAMPLES // rounds)
    for number in range(rounds):
        for each in (RAW, *contestants):
            figures = table[each.name]
            if figures.failed:
                continue
            try:
                programs = Programs(each, address, root / each.name)
                measure(programs, raw, pair, figures, tasks, samples)
                said = "done"
            except (Unavailable, RedisError, TimeoutError) as error:
                said = figures.failed = str(error)
            print(f"  round {number + 1}, {each.name}: {said}", file=sys.stderr, flush=True)
    return table


def show(table: dict[str, Figures]) -> None:
    """Print the rows."""
    head = f"{'':<12} {'enqueue/s':>16} {'bulk/s':>18} {'no-op drain/s':>16} {'1 ms drain/s':>15} {'p50':>7} {'p99':>7}"
    print(f"{head} {'MB/100k':>8}")
    for name, figures in table.items():
        if figures.rate("enqueue") is None:
            print(f"{name:<12} {figures.failed}")
            continue
        cells = [cell(figures, metric) for metric in ("enqueue", "bulk", "noop", "pause")]
        waits = [f"{wait:7.1f}" if (wait := figures.wait(share)) else f"{'-':>7}" for share in (0.5, HUNDREDTH)]
        memory = f"{figures.memory:8.1f}" if figures.memory is not None else f"{'-':>8}"
        star = " " if figures.own_bulk else "*"
        print(
            f"{name:<12} {cells[0]:>16} {cells[1]:>17}{star} {cells[2]:>16} {cells[3]:>15} {' '.join(waits)} {memory}"
        )
        if figures.failed:
            print(f"{'':<12} {figures.failed}")


def cell(figures: Figures, metric: str) -> str:
    """A rate and its ratio to the reference."""
    rate, ratio = figures.rate(metric), figures.ratio(metric)
    return "-" if rate is None or ratio is None else f"{rate:,.0f} ({ratio:.3g})"


def judge(table: dict[str, Figures]) -> bool:
    """Print the goals; whether every one that was measured is reached."""
    fine = True
    for title, found, least in goals.goals(table):
        word = "not measured" if found is None else "reached" if found >= least else "MISSED"
        fine &= found is None or found >= least
        print(f"{title:<36} {'-' if found is None else f'{found:.2f}':>6}, wanted {least:g}: {word}")
    return fine


def main() -> int:
    """Run everything; 1 when a goal was missed, or Haven could not be measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of everyone, these only")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default 3)")
    parser.add_argument("--tasks", type=int, default=2000, help="per measurement (default 2000; slow ones get fewer)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    options = parser.parse_args()
    contestants = chosen(options.only)
    with tempfile.TemporaryDirectory() as directory, Pair(Path(directory) / "redis") as pair:
        table = everything(contestants, options.rounds, options.tasks, Path(directory), pair)
        release = pair.release
    print(
        f"\nRedis {release} on loopback, appendonly yes, appendfsync everysec, one replica; Python "
        f"{platform.python_version()}; {options.rounds} rounds of {options.tasks} tasks\n"
        "medians; in brackets the ratio to raw in the same round; latency in ms; * no bulk of its own: one by one\n"
    )
    show(table)
    print()
    for each in (RAW, *contestants):
        print(f"{each.name:<12} {each.about}; {', '.join(each.pins) or 'this environment'}")
    print()
    fine = judge(table)
    if options.json:
        options.json.write_text(json.dumps({name: row.summary() for name, row in table.items()}, indent=2) + "\n")
    return 0 if fine and not any(table[each.name].failed for each in contestants if each in OURS) else 1


if __name__ == "__main__":
    sys.exit(main())
