"""`haven restore`: from a file into an installation, checked before and after."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from app.backup import archive
from app.backup.census import count, measure, walk
from app.backup.engine import loaded, release
from app.backup.groups import GROUPS, OTHERS, brought_back
from app.backup.transfer import Transfer
from app.errors import BackupError
from app.store import create_store, deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.backup.archive import Manifest
    from app.backup.groups import Group
    from app.config import Config
    from app.store import Store

PATIENCE: Final = 60.0
"""Seconds that one step waits for a primary: a restore outlasts a failover, and a rollout."""
_ANSWER: Final = 10.0


class Refused(BackupError):
    """A restore that would do harm; nothing was written."""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one group.

    Attributes:
        group: which.
        backup: in the backup, when it was made; None: nobody counted.
        living: of them, those whose time has not come since.
        found: of these, those that are at the target.
        kept: keys that were there already, and stayed.
    """

    group: Group
    backup: int | None
    living: int
    found: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a restore, or what would come of it."""

    manifest: Manifest
    rows: list[Row] = field(default_factory=list)
    target: str = ""
    dry: bool = False

    @property
    def missing(self) -> int:
        """How many are not at the target."""
        return (
            0 if self.dry else sum(row.living - row.found for row in self.rows if not row.group.left_out or row.found)
        )


@dataclass(frozen=True, slots=True)
class Wishes:
    """How it is to be done.

    Attributes:
        engine: an empty server that loads the backup; None starts one.
        onto: who wins where the target has keys already: replace or keep; None refuses such a target.
        with_cache: whether cached values are brought back too.
        dry: whether to stop before anything is written.
    """

    engine: str | None = None
    onto: str | None = None
    with_cache: bool = False
    dry: bool = False


def bring(
    config: Config, file: Path, wishes: Wishes, told: Callable[[str], None], progress: Callable[[int], None]
) -> Outcome:
    """Restore a backup.

    Args:
        config: where it goes.
        file: the RDB, or a directory for the newest in it.
        wishes: how.
        told: hears what is being done.
        progress: hears how many keys are there.

    Raises:
        Refused: the target holds data, and nobody said who wins.
        BackupError: it can't be restored.
        StoreError: no primary took it.
    """
    rdb = archive.find(file)
    manifest = archive.check(rdb)
    with _store(config) as store, deadline(PATIENCE):
        info: dict[str, Any] = store.redis.info("server")
        target = f"{release(info)} at {store.topology.primary()}"
        told(f"{rdb}, taken {manifest.taken_at} from {manifest.node}, {manifest.wrote}, to {target}")
        if not wishes.onto and (held := _data(store)):
            what = ", ".join(f"{number} {name}" for name, number in held.items())
            held_there = (
                f"{target} holds data already ({what}): restore into an empty one, or say which wins where both have "
                "a key, --into-nonempty replace or --into-nonempty keep"
            )
            if not wishes.dry:
                raise Refused(held_there)
            told(f"this would be refused: {held_there}")
        with loaded(rdb, manifest, wishes.engine) as engine:
            transfer = Transfer(
                engine, store, manifest, replace=wishes.onto != "keep", with_cache=wishes.with_cache, told=progress
            )
            living = Counter(count(engine))
            if wishes.dry:
                return Outcome(manifest, _rows(manifest, living, Counter(), Counter()), target, dry=True)
            transfer.run()
            expected, found = transfer.audit()
        left = {group.name for group in GROUPS} - {group.name for group in brought_back(wishes.with_cache)}
        expected.update({name: living[name] for name in left})
        return Outcome(manifest, _rows(manifest, expected, found, transfer.kept), target)


def _rows(manifest: Manifest, living: Counter[str], found: Counter[str], kept: Counter[str]) -> list[Row]:
    backup = manifest.groups
    rows = []
    for group in GROUPS:
        name = group.name
        if living[name] or (backup and backup.get(name)):
            rows.append(
                Row(group, None if backup is None else backup.get(name, 0), living[name], found[name], kept[name])
            )
    return rows


def _data(store: Store) -> dict[str, int]:
    """What the target holds that a restore would touch; not what every new installation has."""
    found: Counter[str] = Counter()
    try:
        for some in walk(store.redis):
            heavy = [(key, group) for key, group in some if not (group.minor or group.left_out)]
            for (_, group), number in zip(heavy, measure(store.redis, heavy), strict=True):
                found[group.name] += number
    except UnicodeDecodeError:  # a key that is no text is not Haven's
        found[OTHERS.name] += 1
    return {group.name: found[group.name] for group in GROUPS if found[group.name]}


@contextmanager
def _store(config: Config) -> Iterator[Store]:
    """A store that waits longer than one that serves somebody."""
    patient = {"haven_deadline": PATIENCE, "redis_socket_timeout": max(_ANSWER, config.redis_socket_timeout)}
    store = create_store(config.model_copy(update=patient), role="restore")
    try:
        yield store
    finally:
        store.close()
