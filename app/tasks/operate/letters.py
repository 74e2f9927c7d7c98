"""The dead letters: tasks that nobody will run unless told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from app.store import Store, keys
from app.tasks.envelope import peek
from app.tasks.operate.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Action = Literal["replay", "drop"]
PAGE = 100
BATCH = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead task.

    Attributes:
        entry: of the stream of dead letters; the time of its id is when the task died.
        row: the task.
        expires_at: seconds since the epoch after which no worker runs it any more; 0 for never.
        args: its arguments; only when a single letter was asked for.
    """

    entry: str
    row: Row
    expires_at: float
    args: Any = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters; all of these must fit.

    Attributes:
        ids: of their tasks; empty for any.
        name: of the task function.
        error: a part of the error, in whatever case.
        older: they died more than so many seconds ago.
        younger: they died less than so many seconds ago.
        queue: from which.
    """

    ids: frozenset[str] = field(default=frozenset())
    name: str | None = None
    error: str | None = None
    older: float | None = None
    younger: float | None = None
    queue: str | None = None

    def fits(self, row: Row) -> bool:
        """Whether a letter is meant, its age aside."""
        return (
            (not self.ids or row.id in self.ids)
            and self.name in {None, row.name}
            and self.queue in {None, row.queue}
            and (self.error or "").lower() in (row.error or "").lower()
        )


EVERY = Filter()


class Letters:
    """Looks through the dead letters.

    Args:
        store: where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, wanted: Filter = EVERY) -> Iterator[Letter]:
        """The letters that are meant, the newest first; those that come later are not looked at.

        Raises:
            StoreError: Redis did not answer.
        """
        seconds, micros = self._store.redis.time()
        now = seconds * 1000 + micros // 1000
        newest = now - int((wanted.older or 0) * 1000)
        oldest = 0 if wanted.younger is None else now - int(wanted.younger * 1000)
        end = str(newest)  # an incomplete id stands for all of its millisecond
        while True:
            page: Any = self._store.redis.xrevrange(keys.TASK_DEAD, end, str(max(0, oldest)), count=PAGE)
            if not page:
                return
            for entry, fields in page:
                found = _letter(entry, fields)
                if wanted.fits(found.row):
                    yield found
            end = f"({page[-1][0]}"

    def of(self, task_id: str) -> Letter | None:
        """The letter of one task, with its arguments; None when there is none.

        Raises:
            StoreError: Redis did not answer.
        """
        entry: Any = self._store.redis.hget(keys.task(task_id), "letter")
        if entry is None:  # the letter outlives the record
            entry = next((letter.entry for letter in self.find(Filter(frozenset({task_id})))), None)
        if entry is None:
            return None
        found: Any = self._store.redis.xrange(keys.TASK_DEAD, entry, entry)
        return _letter(*found[0], with_args=True) if found else None

    def apply(self, action: Action, entries: Sequence[str]) -> Iterator[int]:
        """Let tasks run again from their first attempt on, or throw their letters away, one atomic step each.

        May be interrupted anywhere, and begun again.

        Yields:
            for each hundred, how many were still there; when it is certain that a replica has all of them.

        Raises:
            StoreError: Redis did not answer; those before are done.
        """
        for start in range(0, len(entries), BATCH):
            left = batch = entries[start : start + BATCH]
            done: set[str] = set()
            while left:
                for entry in left:
                    if self._store.run("task_replay", (), (entry, action), repeatable=True) is not None:
                        done.add(entry)
                left = self._still_there(batch)
            yield len(done)

    def _still_there(self, entries: Sequence[str]) -> list[str]:
        """Letters that a failover has brought back; a replica knows that there are no others."""
        with self._store.redis.pipeline(transaction=False, repeatable=True) as pipeline:
            for entry in entries:
                pipeline.xrange(keys.TASK_DEAD, entry, entry)
            found = pipeline.execute(durable=self._store.confirmation)
        return [entry for entry, letters in zip(entries, found, strict=True) if letters]


def _letter(entry: str, fields: dict[str, str], *, with_args: bool = False) -> Letter:
    body = peek(fields.get("task"))
    row = Row(
        id=fields.get("id", "?"),
        name=fields.get("name", "?"),
        queue=fields.get("queue", "?"),
        status="dead",
        since_at=int(entry.partition("-")[0]) / 1000,
        attempts=int(fields.get("attempts") or 0),
        error=fields.get("error"),
    )
    return Letter(entry, row, body.get("expires", 0) / 1000, body.get("args") if with_args else None)
