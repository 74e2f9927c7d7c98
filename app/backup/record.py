"""What is kept of the last backup in Redis, so that its age can be watched."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from redis.exceptions import RedisError

from app.store import create_store, keys

if TYPE_CHECKING:
    from app.backup.archive import Manifest
    from app.config import Config
    from app.store import Store


@dataclass(frozen=True, slots=True)
class Record:
    """The last backup.

    Attributes:
        taken_at: the moment of its data, seconds since 1970.
        size: bytes of its RDB.
    """

    taken_at: float
    size: int

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """What is kept of a backup."""
        return cls(datetime.fromisoformat(manifest.taken_at).timestamp(), manifest.size)


def keep(store: Store, record: Record) -> None:
    """Keep it in the place of the one before.

    Raises:
        StoreError, RedisError: Redis did not answer, or the user has no right to it.
    """
    store.redis.set(keys.BACKUP_LAST, json.dumps(asdict(record), separators=(",", ":")))


def last(store: Store) -> Record | None:
    """The last one; None if none is known.

    Raises:
        StoreError: Redis did not answer.
    """
    text = store.redis.get(keys.BACKUP_LAST)
    return Record(**json.loads(text)) if isinstance(text, str) else None


def noted(config: Config, manifest: Manifest) -> str:
    """Keep the record of a backup that was made; the backup is good without it.

    Returns:
        Why that was not possible; empty if it was.
    """
    store = create_store(config, role="backup")
    try:
        keep(store, Record.of(manifest))
    except RedisError as error:
        return str(error)
    finally:
        store.close()
    return ""
