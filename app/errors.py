"""Every exception that Haven raises, in one tree.

::

    HavenError
    ├── ConfigError              settings are missing, wrong or contradict each other; lists all of them
    ├── StoreError               an operation on Redis did not end well (answered as 503 with Retry-After)
    │   ├── StoreUnavailable     no primary answered within the deadline; nothing was written
    │   │   ├── NoPrimary        neither the Sentinels nor the known nodes name a living primary
    │   │   ├── PoolExhausted    every connection of the pool was in use for the whole wait
    │   │   └── CircuitOpen      Redis has been away for a while: failed at once instead of waiting
    │   ├── OutcomeUnknown       the connection broke after a write was sent that may not be repeated
    │   ├── StoreFull            Redis has no memory left; nothing was written
    │   └── NotConfirmed         the primary took a durable write, too few replicas confirmed it in time
    │       └── PrimaryInDoubt   they did, but another node may have been promoted meanwhile
    ├── BlockTooLong             a blocking command was sent on a client that is not for blocking
    ├── ScriptMissing            a server-side script of that name is not part of the package
    ├── SessionError             a session could not be made or changed
    ├── TaskError                a task could not be enqueued or run
    │   ├── UnknownTask          no handler has that name
    │   ├── InvalidTask          the arguments are not what the handler takes, or are too large
    │   ├── QueueFull            as many tasks wait as may
    │   ├── BadEnvelope          what lies in the queue can't be read, or nobody who may has signed it
    │   ├── TaskTimeout          it ran longer than its limit
    │   └── TaskCancelled        it was told to stop
    ├── SchemaError              the database can't be reached, or has not the schema that this version works with
    ├── UnknownUser              nobody has that e-mail address
    ├── SmokeError               a check of a running installation failed
    ├── LoadError                load can't be made: what was asked for, or where it is to go, is wrong
    ├── DrillError               a drill could not be run or looked at
    │   ├── DrillRuns            another one runs
    │   └── ExperimentError      an experiment's file can't be used; lists all that is wrong with it
    ├── BackupError              a backup could not be made, read or brought back
    │   └── SourceLost           the node that it was taken from ended it; another one may do
    ├── GuardianError            no guardian could be asked, or none may
    └── LocalStackError          the stack on this machine could not be started or changed

``StoreUnavailable`` and ``OutcomeUnknown`` are redis-py ``ConnectionError``s as well, and the other store errors are
``RedisError``s, so that libraries that are handed a store client handle them as they handle any outage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, RedisError

if TYPE_CHECKING:
    from collections.abc import Sequence


class HavenError(Exception):
    """The base of every error of Haven."""


class ConfigError(HavenError):
    """The configuration can't be used.

    Attributes:
        problems: one line per problem: the variable, the value seen (never a secret's) and the remedy.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{len(self.problems)} problem(s) in the configuration:\n{lines}")


class StoreError(HavenError, RedisError):
    """An operation on Redis did not end well."""


class StoreUnavailable(StoreError, RedisConnectionError):
    """No primary answered within the deadline; nothing was written."""


class NoPrimary(StoreUnavailable):
    """Neither the Sentinels nor the known nodes name a living primary."""


class PoolExhausted(StoreUnavailable):
    """Every connection of the pool was in use for the whole wait."""


class CircuitOpen(StoreUnavailable):
    """Redis has been away for a while: the operation failed at once instead of waiting."""


class OutcomeUnknown(StoreError, RedisConnectionError):
    """The connection broke after a write was sent that may not be repeated: it may have been applied or not."""


class StoreFull(StoreError, OutOfMemoryError):
    """Redis has no memory left and evicts nothing: the write was refused."""


class NotConfirmed(StoreError):
    """The primary applied a durable write, but too few replicas confirmed it in time.

    Attributes:
        confirmed: replicas that confirmed.
        wanted: replicas that had to.
    """

    _text = (
        "the write is on the primary, but {confirmed} of {wanted} replicas confirmed it in time; "
        "it may be lost in a failover: repeat it with the same id"
    )

    def __init__(self, confirmed: int, wanted: int) -> None:
        self.confirmed = confirmed
        self.wanted = wanted
        super().__init__(self._text.format(confirmed=confirmed, wanted=wanted))


class PrimaryInDoubt(NotConfirmed):
    """Replicas confirmed a durable write, but not all, and another node may have been promoted meanwhile.

    So it is after a silence of the primary, while no majority of the Sentinels says that it is the primary still.
    """

    _text = (
        "{confirmed} of {wanted} replicas confirmed the write, but after a silence of its primary; no majority of "
        "the Sentinels says that no other node was promoted meanwhile: it may be lost, repeat it with the same id"
    )


class BlockTooLong(HavenError, ValueError):
    """A blocking command was sent on a client that is not for blocking."""


class ScriptMissing(HavenError, LookupError):
    """A server-side script of that name is not part of the package."""


class SessionError(HavenError):
    """A session could not be made or changed."""


class TaskError(HavenError):
    """A task could not be enqueued or run."""


class UnknownTask(TaskError, LookupError):
    """No handler has that name."""


class InvalidTask(TaskError, ValueError):
    """The arguments are not what the handler takes, or are too large."""


class QueueFull(TaskError):
    """As many tasks wait in the queue as may; nothing was enqueued."""


class BadEnvelope(TaskError, ValueError):
    """What lies in the queue can't be read, or nobody who may has signed it.

    Attributes:
        later: whether another worker may be able to read it.
    """

    later = False


class TaskTimeout(TaskError):
    """A task ran longer than its limit. Raised inside its function."""


class TaskCancelled(TaskError):
    """A task was told to stop. Raised inside its function."""


class SchemaError(HavenError):
    """The database can't be reached, or has not the schema that this version works with."""


class UnknownUser(HavenError, LookupError):
    """Nobody has that e-mail address."""


class SmokeError(HavenError):
    """A check of a running installation failed."""


class LoadError(HavenError):
    """Load can't be made: what was asked for, or where it is to go, is wrong; says what to do about it."""


class DrillError(HavenError):
    """A drill could not be run or looked at."""


class DrillRuns(DrillError):
    """A drill can't begin, because another one runs."""


class ExperimentError(DrillError):
    """An experiment's file can't be used: names the file, the key, the value and what is wanted."""


class BackupError(HavenError):
    """A backup could not be made, read or brought back: says what is wrong, and the remedy."""


class SourceLost(BackupError):
    """The node that a backup was taken from can't give one now, or ended it in the middle; another one may do."""


class GuardianError(HavenError):
    """No guardian could be asked, or none may: says which, and the remedy."""


class LocalStackError(HavenError):
    """The stack on this machine could not be started or changed."""
