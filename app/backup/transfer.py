"""Brings keys from the throw-away server to the primary, with the time at which each ends, and looks whether all came.

Every step may be repeated: a key is written whole, by its name. So it rides out a failover, and after a failure of
another kind the whole restore is begun again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import ResponseError

from app.backup.census import AT_ONCE, measure, walk
from app.backup.engine import release
from app.backup.groups import brought_back
from app.errors import BackupError, StoreFull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis import Redis

    from app.backup.archive import Manifest
    from app.backup.census import Keyed
    from app.store import Store

MOST_BYTES: Final = 4 << 20
_NEVER: Final = -1


class Transfer:
    """One restore.

    Args:
        engine: the server that has loaded the backup; replies are bytes.
        store: where the keys go.
        manifest: of the backup.
        replace: whether a key that is there already is overwritten.
        with_cache: whether cached values are brought back too.
        told: hears how many keys are there, now and then.
    """

    def __init__(
        self,
        engine: Redis,
        store: Store,
        manifest: Manifest,
        *,
        replace: bool = True,
        with_cache: bool = False,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._manifest = manifest
        self._replace = ("REPLACE",) if replace else ()
        self._groups = brought_back(with_cache)
        self._told = told
        self._done = 0
        self.kept: Counter[str] = Counter()
        """Keys that were there already and stayed as they were."""

    def run(self) -> None:
        """Bring everything over.

        Raises:
            BackupError: the target does not read what the engine writes, or this user may not write so.
            StoreError: no primary took it in time, or it has no memory left.
        """
        for last in (False, True):
            for some in walk(self._engine):
                wanted = [(key, group) for key, group in some if group in self._groups and group.last is last]
                for few in self._portions(wanted):
                    self._bring(few)

    def audit(self) -> tuple[Counter[str], Counter[str]]:
        """How many of each group are in the backup and still to live, and how many of them are at the target."""
        expected: Counter[str] = Counter()
        found: Counter[str] = Counter()
        for some in walk(self._engine):
            wanted = [(key, group) for key, group in some if group in self._groups]
            here, there = measure(self._engine, wanted), measure(self._store.redis, wanted)
            late = [each for each, a, b in zip(wanted, here, there, strict=True) if b < a]
            ended = {key for (key, _), left in zip(late, measure(self._engine, late), strict=True) if not left}
            for (key, group), a, b in zip(wanted, here, there, strict=True):
                if key not in ended:
                    expected[group.name] += a
                    found[group.name] += min(a, b)
        return expected, found

    def _portions(self, wanted: Keyed) -> Iterator[Keyed]:
        """Parts of a few megabytes; a key that is larger goes alone."""
        if not wanted:
            return
        with self._engine.pipeline(transaction=False) as pipeline:
            for key, _ in wanted:
                pipeline.memory_usage(key)
            sizes = [int(size or 0) for size in pipeline.execute()]
        part: Keyed = []
        total = 0
        for each, size in zip(wanted, sizes, strict=True):
            if part and (total + size > MOST_BYTES or len(part) >= AT_ONCE):
                yield part
                part, total = [], 0
            part.append(each)
            total += size
        yield part

    def _bring(self, some: Keyed) -> None:
        with self._engine.pipeline(transaction=False) as pipeline:
            for key, _ in some:
                pipeline.dump(key)
                pipeline.execute_command("PEXPIRETIME", key)
            replies = pipeline.execute()
        alive = [
            (each, payload, max(0, end) if end == _NEVER else end)
            for each, payload, end in zip(some, replies[::2], replies[1::2], strict=True)
            if payload is not None
        ]
        with self._store.redis.pipeline(transaction=False, repeatable=True) as writes:
            for (key, _), payload, end in alive:
                writes.execute_command("RESTORE", key, end, payload, *self._replace, "ABSTTL")
            answers: list[Any] = writes.execute(raise_on_error=False, durable=self._store.confirmation)
        for ((key, group), _, _), answer in zip(alive, answers, strict=True):
            if isinstance(answer, Exception):
                if not str(answer).startswith("BUSYKEY"):
                    raise self._refused(key, answer)
                self.kept[group.name] += 1
        self._done += len(some)
        self._told(self._done)

    def _refused(self, key: bytes, answer: Exception) -> Exception:
        said = str(answer)
        if "DUMP payload" in said or "Bad data format" in said:
            target, writer = (release(client.info("server")) for client in (self._store.redis, self._engine))
            return BackupError(
                f"{target} can't read what {writer} writes (key {key!r}: {said}): give --engine a "
                f"{target} of its own, or restore into a {writer} or newer; docs/backup.md says which reads which"
            )
        if "NOPERM" in said or "no permissions" in said:
            return BackupError(
                f"this user may not write so ({said}): set REDIS_USERNAME and REDIS_PASSWORD to one with +restore, "
                "which is `admin` where Haven made the users"
            )
        if "OOM" in said or "maxmemory" in said:
            return StoreFull(f"Redis has no memory left ({said}): raise maxmemory, and begin again")
        return answer if isinstance(answer, ResponseError) else BackupError(said)
