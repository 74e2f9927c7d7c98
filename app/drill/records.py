"""What is kept of drills in Redis: a line for each of the last ones, and their reports."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from app.store import keys

if TYPE_CHECKING:
    from app.store import Store

KEPT: Final = 50
"""Records that are kept; beside them the last of each drill."""
REPORT_TTL: Final = 90 * 24 * 3600
LARGEST_REPORT: Final = 2 * 1024 * 1024

HELD, DEVIATED, REFUSED, ABORTED, RESIDUE, INCONCLUSIVE = RESULTS = (
    "held",
    "deviated",
    "refused",
    "aborted",
    "residue",
    "inconclusive",
)
INTERRUPTED: Final = "interrupted"
EXIT_CODES: Final = {
    HELD: 0,
    DEVIATED: 1,
    REFUSED: 2,
    ABORTED: 3,
    RESIDUE: 4,
    INCONCLUSIVE: 5,
    INTERRUPTED: 130,
}
"""The exit code of ``haven drill run`` for each result; 64 is for a wrong command line."""


@dataclass(frozen=True, slots=True)
class Record:
    """One drill that was run.

    Attributes:
        id: made of the time and the drill's name.
        drill: the experiment's name.
        title: its title.
        target: local or kube.
        result: a key of EXIT_CODES.
        reason: one sentence for people.
        started_at: seconds since 1970.
        ended_at: likewise.
        figures: what was measured, by name with its unit.
    """

    id: str
    drill: str
    title: str
    target: str
    result: str
    reason: str
    started_at: float
    ended_at: float
    figures: dict[str, float | int | None] = field(default_factory=dict)


def keep(store: Store, record: Record, report: str) -> None:
    """Keep a record, and its report for 90 days.

    Args:
        store: where.
        record: what to keep; the same id again replaces nothing and is listed twice.
        report: the HTML; one that is larger than LARGEST_REPORT is left out.

    Raises:
        StoreError: Redis did not answer.
    """
    text = json.dumps(asdict(record), separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(report.encode(), 6)).decode()  # the pool speaks text
    with store.redis.pipeline(transaction=True, repeatable=True) as pipeline:
        pipeline.lpush(keys.DRILL_RECORDS, text)
        pipeline.ltrim(keys.DRILL_RECORDS, 0, KEPT - 1)
        pipeline.hset(keys.DRILL_LAST, record.drill, text)
        if len(packed) <= LARGEST_REPORT:
            pipeline.set(keys.drill_report(record.id), packed, ex=REPORT_TTL)
        pipeline.execute()


def recent(store: Store) -> list[Record]:
    """The last drills, the newest first.

    Raises:
        StoreError: Redis did not answer.
    """
    found: Any = store.redis.lrange(keys.DRILL_RECORDS, 0, KEPT - 1)
    return [Record(**json.loads(text)) for text in found]


def last_of_each(store: Store) -> dict[str, Record]:
    """The last run of each drill, by the drill's name.

    Raises:
        StoreError: Redis did not answer.
    """
    found: Any = store.redis.hgetall(keys.DRILL_LAST)
    return {name: Record(**json.loads(text)) for name, text in found.items()}


def report(store: Store, record_id: str) -> str | None:
    """The HTML report of a drill; None if it is no longer kept.

    Raises:
        StoreError: Redis did not answer.
    """
    packed: Any = store.redis.get(keys.drill_report(record_id))
    return zlib.decompress(base64.b64decode(packed)).decode() if packed is not None else None
