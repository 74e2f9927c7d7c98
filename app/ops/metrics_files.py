"""Metrics of several worker processes: files in one directory, wiped at the start, those of dead workers merged.

prometheus-client keeps a file per process and metric type, and counters of dead processes must stay. Left alone, every
recycled worker adds files that every later scrape reads again; so a dead worker's files are added to one archive.
A lock keeps a scrape from seeing a value twice, or not at all, in between.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric
    from prometheus_client.registry import Collector

log = structlog.get_logger(__name__)

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
ARCHIVE = "archive"
_GUARDIANS = "haven_guardian_"


class _Joined(MultiProcessCollector):
    """All that these processes measure.

    A metric without labels has its zero in the files of whoever imports its declaration, whatever registry it is in;
    but a zero as the number of primaries, from a web process, would be an alarm.
    """

    def collect(self) -> Iterable[Metric]:
        return [family for family in super().collect() if not family.name.startswith(_GUARDIANS)]


def wipe(directory: Path) -> None:
    """Begin anew: a former run's values belong to a former run."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in directory.glob("*.db*"):
        file.unlink(missing_ok=True)


@contextmanager
def locked(directory: Path, *, shared: bool) -> Iterator[None]:
    """Hold the directory's lock: shared to read, exclusive to merge."""
    with (directory / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def merge_dead(directory: Path, pid: int) -> None:
    """Add a dead worker's counters and histograms to the archive, and drop its gauges.

    It never raises: an error here would end the process that looks after all the workers.

    Args:
        directory: the metrics directory.
        pid: the process that ended.
    """
    try:
        _merge(directory, pid)
    except OSError as error:  # a full disk, say: the dead worker's files stay, and count
        log.warning("metrics.not_merged", directory=str(directory), pid=pid, error=str(error))


def _merge(directory: Path, pid: int) -> None:
    with locked(directory, shared=False):
        for file in directory.glob(f"gauge_*_{pid}.db"):
            file.unlink(missing_ok=True)
        for kind in ("counter", "histogram", "summary"):
            dead = directory / f"{kind}_{pid}.db"
            if dead.exists():
                with suppress(
                    ValueError, RuntimeError, struct.error
                ):  # killed while it made the file: there is nothing in it
                    _add(directory / f"{kind}_{ARCHIVE}.db", dead)
                dead.unlink()


def _add(archive: Path, dead: Path) -> None:
    """Write archive + dead beside the archive and put it in its place: a crash in between loses nothing."""
    totals: dict[str, float] = {}
    for file in (archive, dead):
        if file.exists():
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
                totals[key] = totals.get(key, 0.0) + value
    temporary = archive.with_suffix(".db.new")
    temporary.unlink(missing_ok=True)
    merged = MmapedDict(str(temporary))
    for key, value in totals.items():
        merged.write_value(key, value, 0.0)
    merged.close()
    temporary.replace(archive)


def render(*extra: Collector) -> bytes:
    """Everything in Prometheus' text format: of all worker processes under gunicorn, else of this one.

    Args:
        extra: collectors that ask something else at the scrape.
    """
    asked = CollectorRegistry()
    for collector in extra:
        asked.register(collector)
    more = generate_latest(asked)  # outside of the lock: it may wait for Redis
    directory = os.environ.get(VARIABLE)
    if not directory:
        return generate_latest(REGISTRY) + more
    joined = CollectorRegistry()
    _Joined(joined, path=directory)
    with locked(Path(directory), shared=True):
        return generate_latest(joined) + more
