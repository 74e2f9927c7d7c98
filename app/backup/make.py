"""`haven backup`: a copy from a node, on the disk, counted."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from app.backup.archive import Draft, Manifest, iso, place_for
from app.backup.census import count
from app.backup.engine import loaded
from app.backup.rdb import read_header
from app.backup.source import sources
from app.backup.stream import SILENCE, FullCopy
from app.errors import BackupError, SourceLost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.backup.stream import Moment
    from app.config import Config
    from app.store.topology import Address


def make(
    config: Config,
    out: Path,
    *,
    engine: str | None = None,
    counted: bool = True,
    silence: float = SILENCE,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[Path, Manifest]:
    """Make a backup; its RDB and its manifest. Nothing is left of one that fails.

    Args:
        config: where Redis is, with a user that may have a copy.
        out: a directory, or a path that ends with .rdb.
        engine: an empty server that loads it to count; None starts one.
        counted: whether it is loaded and counted.
        silence: seconds without a byte after which a node has ended.
        told: hears what is being done.

    Raises:
        BackupError: it could not be made.
    """
    started = time.monotonic()
    path = place_for(out, time.time())
    with Draft(path) as draft:
        node, moment = _copy(config, draft, silence, told)
        header = read_header(draft.draft)
        manifest = Manifest(
            haven=version("haven"),
            engine=header.engine,
            release=header.release,
            rdb=header.version,
            taken_at=iso(moment.taken_at),
            node=str(node),
            replication=f"{moment.id} {moment.offset}",
            database=config.redis_db,
            size=draft.size,
            sha256=draft.sha256,
            seconds=round(time.monotonic() - started, 3),
        )
        if counted:
            told("loading it, to see that it can be, and to count")
            with loaded(draft.draft, manifest, engine) as client:
                manifest = manifest.counted(count(client))
        draft.keep(manifest)
    return path, manifest


def _copy(config: Config, draft: Draft, silence: float, told: Callable[[str], None]) -> tuple[Address, Moment]:
    reasons = []
    for node in sources(config):
        told(f"copying from {node}")
        try:
            copy = FullCopy(config, node, silence)
            try:
                draft.write(copy)
            finally:
                copy.close()
        except SourceLost as error:
            reasons.append(str(error))
            continue
        return node, copy.moment
    raise BackupError(f"no node gave a whole copy ({'; '.join(reasons)}): see `haven status`, then try again")
