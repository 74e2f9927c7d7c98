from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from app.ops import metrics_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A web worker in small: counts, measures, and ends.
WORKER = """
import sys
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
Gauge("haven_guardian_primaries_nodes", "As the guardians see it.", registry=CollectorRegistry())
count, steps = int(sys.argv[1]), sys.stdin
counter = Counter("seen_total", "Seen.", ["kind"])
duration = Histogram("took_seconds", "Took.", buckets=(0.1, 1))
open_ = Gauge("open_things", "Open.", multiprocess_mode="livesum")
for n in range(count):
    counter.labels("Zoë").inc()
    duration.observe(0.5 if n % 2 else 5)
open_.set(count)
print("ready", flush=True)
steps.readline()
"""


class Web:
    """Worker processes that share a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.workers: list[subprocess.Popen[str]] = []

    def start(self, count: int) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(count)],
            env={**os.environ, metrics_files.VARIABLE: str(self.directory)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
        self.workers.append(worker)
        return worker

    def end(self, worker: subprocess.Popen[str]) -> None:
        worker.kill()
        worker.communicate()
        self.workers.remove(worker)

    def recycle(self, worker: subprocess.Popen[str]) -> None:
        self.end(worker)
        metrics_files.merge_dead(self.directory, worker.pid)


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv(metrics_files.VARIABLE, str(tmp_path))
    started = Web(tmp_path)
    yield started
    for worker in list(started.workers):
        started.end(worker)


def scrape() -> dict[str, float]:
    lines = metrics_files.render().decode().splitlines()
    found = [re.fullmatch(r"(\S+?(?:\{.*\})?) (\S+)", line) for line in lines if not line.startswith("#")]
    return {match[1]: float(match[2]) for match in found if match}


SEEN = 'seen_total{kind="Zoë"}'


def test_the_values_of_all_workers_are_joined(web: Web) -> None:
    web.start(3)
    web.start(4)
    found = scrape()
    assert (found[SEEN], found["took_seconds_count"], found["open_things"]) == (7, 7, 7)


def test_what_only_guardians_know_is_not_told_as_zero(web: Web) -> None:
    web.start(1)
    assert not any("guardian" in name for name in scrape())


def test_a_dead_workers_counters_and_histograms_stay_exactly_and_its_gauges_go(web: Web) -> None:
    web.start(5)
    dead = web.start(4)
    before = scrape()
    web.recycle(dead)
    after = scrape()
    assert after.pop("open_things") == 5
    assert before.pop("open_things") == 9
    assert after == before
    assert after['took_seconds_bucket{le="1.0"}'] == 4
    assert after["took_seconds_sum"] == pytest.approx(2 * 0.5 + 2 * 0.5 + 3 * 5 + 2 * 5)


def test_many_recycled_workers_leave_two_files(web: Web) -> None:
    for _ in range(4):
        web.recycle(web.start(2))
    assert scrape()[SEEN] == 8
    assert sorted(file.name for file in web.directory.glob("*.db*")) == ["counter_archive.db", "histogram_archive.db"]


def test_merging_again_or_for_a_process_that_never_was_changes_nothing(web: Web) -> None:
    dead = web.start(2)
    web.recycle(dead)
    metrics_files.merge_dead(web.directory, dead.pid)
    metrics_files.merge_dead(web.directory, 999_999_999)
    assert scrape()[SEEN] == 2


def test_a_scrape_meanwhile_never_sees_a_value_doubled_or_missing(web: Web) -> None:
    dead = [web.start(10) for _ in range(4)]
    for worker in dead:
        web.end(worker)
    seen: set[float] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.add(scrape()[SEEN])

    watching = [threading.Thread(target=watch) for _ in range(2)]
    for thread in watching:
        thread.start()
    for worker in dead:
        metrics_files.merge_dead(web.directory, worker.pid)
    done.set()
    for thread in watching:
        thread.join()
    assert seen == {40}


@pytest.mark.parametrize("content", [b"", b"\x08", b"\xff" * 8, b"\x40\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x7f"])
def test_a_file_that_its_process_could_not_finish_stops_nothing(web: Web, content: bytes) -> None:
    web.recycle(web.start(2))
    for kind in ("counter", "histogram"):
        (web.directory / f"{kind}_12345.db").write_bytes(content)
    metrics_files.merge_dead(web.directory, 12345)
    assert scrape()[SEEN] == 2


def test_a_directory_that_is_gone_is_no_end_of_the_world(web: Web) -> None:
    metrics_files.merge_dead(web.directory / "gone", 12345)


def test_a_run_begins_anew(web: Web) -> None:
    dead = web.start(2)
    web.recycle(dead)
    web.end(web.start(3))
    (web.directory / "counter_archive.db.new").write_bytes(b"left over")
    metrics_files.wipe(web.directory)
    assert scrape() == {}
    assert not list(web.directory.glob("*.db*"))
    metrics_files.wipe(web.directory / "new" / "one")
    assert (web.directory / "new" / "one").is_dir()


def test_in_a_single_process_its_own_metrics_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(metrics_files.VARIABLE, raising=False)
    assert b"haven_store_operation_duration_seconds" in metrics_files.render()
