"""Every key and channel that Haven uses in Redis: ``haven:{domain}:…``."""

from __future__ import annotations

PREFIX = "haven"

PRIORITIES = ("high", "normal", "low")
TASK_GROUP = "workers"
TASK_RECORD = f"{PREFIX}:tasks:task:"
TASK_STREAM = f"{PREFIX}:tasks:stream:"
TASK_DELAYED = f"{PREFIX}:tasks:delayed"
"""Tasks whose time has not come: ids by their time, ms."""
TASK_DEAD = f"{PREFIX}:tasks:dead"
"""The dead letters: a stream of tasks that nobody will run unless told to."""
TASK_PAUSED = f"{PREFIX}:tasks:paused"
"""The queues from which nobody takes."""
TASK_WORKERS = f"{PREFIX}:tasks:workers"
"""The workers by their last sign of life, ms."""
TASK_UNIQUE = f"{PREFIX}:tasks:unique:"
"""Which task has this key, until it ends."""
TASK_SCHEDULE = f"{PREFIX}:tasks:schedule"
"""The last tick of each schedule, ms."""
TASK_GATES = f"{PREFIX}:tasks:gates"
"""The limits of the tasks that have some: how many at once, ms between two, how many in a burst."""
TASK_GATE = f"{PREFIX}:tasks:gate:"
"""Tasks that a limit holds back: ids by priority and order of coming."""
TASK_SEQUENCE = f"{PREFIX}:tasks:sequence"
"""Counts what was held back by limits: their order."""
TASK_PASSED = f"{PREFIX}:tasks:passed:"
"""Tasks that a limit has let through and that have not ended."""
TASK_PACE = f"{PREFIX}:tasks:pace:"
"""When the next task of a rate would be in time, ms (GCRA)."""
TASK_OPENINGS = f"{PREFIX}:tasks:openings"
"""The limits that will let something through later: names by the time, ms."""

SESSION = f"{PREFIX}:session:"
USER = f"{PREFIX}:user:"
USER_SESSIONS = ":sessions"
USER_EPOCH = ":epoch"

BROADCAST = "broadcast"

GUARDIAN_HEARTBEAT = f"{PREFIX}:guardian:heartbeat"
GUARDIAN_DB = 15
"""The heartbeat's database, apart from the application's: neither FLUSHDB nor a count of its keys meets it."""

DURABLE_MARK = f"{PREFIX}:guardian:mark"
"""Counts the durable writes, in their own database: of two nodes, the one with the higher count holds more of them."""


BACKUP_LAST = f"{PREFIX}:backup:last"
"""When the last backup was made, and its size."""

DRILL_RECORDS = f"{PREFIX}:drill:records"
"""The last drills, the newest first."""
DRILL_LAST = f"{PREFIX}:drill:last"
"""The last run of each drill, by its name."""
DRILL_LOCK = f"{PREFIX}:drill:lock"
"""Which drill runs now."""


def drill_report(record_id: str) -> str:
    """The report of a drill, packed."""
    return f"{PREFIX}:drill:report:{record_id}"


def drill_write(run: str, number: int) -> str:
    """A durable write of a drill."""
    return f"{PREFIX}:drill:write:{run}:{number}"


def drill_ran(run: str) -> str:
    """Which tasks of a drill were run, attempt by attempt, by their time."""
    return f"{PREFIX}:drill:ran:{run}"


def drill_ballast(number: int) -> str:
    """What a drill fills the memory with; it goes by itself."""
    return f"{PREFIX}:drill:ballast:{number}"


def cache(key: str) -> str:
    """A cached value."""
    return f"{PREFIX}:cache:{key}"


def cache_lease(key: str) -> str:
    """Who makes a value now."""
    return f"{PREFIX}:lease:{key}"


def cache_tag(tag: str) -> str:
    """A tag's version, a random token."""
    return f"{PREFIX}:tag:{tag}"


def session(digest: str) -> str:
    """A session's hash, by the digest of its id."""
    return SESSION + digest


def user_sessions(user_id: int | str) -> str:
    """A user's sessions: sorted set of digests by the end of their life."""
    return f"{USER}{user_id}{USER_SESSIONS}"


def user_epoch(user_id: int | str) -> str:
    """Counts how often a user was logged out everywhere."""
    return f"{USER}{user_id}{USER_EPOCH}"


def limit(scope: str, name: str, who: str = "") -> str:
    """What a limit counts for somebody; without ``who``, how the keys of that limit begin."""
    return f"{PREFIX}:limit:{scope}:{name}:{who}"


def channel(name: str) -> str:
    """A publish/subscribe channel: ``broadcast``, ``user:<id>`` or one of your own."""
    return f"{PREFIX}:events:{name}"


def event_log(name: str) -> str:
    """The stream that keeps a channel's last events for those who come back."""
    return f"{PREFIX}:eventlog:{name}"


def event_done(session: str) -> str:
    """The id up to which a client of a session is done with its events."""
    return f"{PREFIX}:eventdone:{session}"


def presence(user_id: int | str) -> str:
    """Where a user is connected."""
    return f"{PREFIX}:presence:{user_id}"


def task_stream(priority: str) -> str:
    """The stream of waiting tasks of one priority."""
    return TASK_STREAM + priority


def task(task_id: str) -> str:
    """A task's record: where it is, and how it ended."""
    return TASK_RECORD + task_id


def event_mark(publication: str) -> str:
    """Holds the id that a publication got, while it may still be repeated."""
    return f"{PREFIX}:eventmark:{publication}"


def event_cursor(reader: str) -> str:
    """How far a reader of all events has come."""
    return f"{PREFIX}:eventcursor:{reader}"
