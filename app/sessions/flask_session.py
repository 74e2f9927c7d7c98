"""For applications that stay with Flask-Session: its Redis client, carried through failovers as every other.

app.config.update(SESSION_TYPE="redis", SESSION_REDIS=client_for_flask_session(store))
flask_session.Session(app)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.client import NEVER_DECODE

from app.store.client import ResilientRedis
from app.store.commands import is_repeatable

if TYPE_CHECKING:
    import redis

    from app.store import Store

_WRITES: Final = frozenset({"SET", "SETEX", "DEL"})


class _Bytes(ResilientRedis):
    """Answers bytes, and has what it writes confirmed by the replicas."""

    confirmation: tuple[int, float] | None = None

    def execute_command(self, *args: Any, **options: Any) -> Any:
        durable = self.confirmation if args[0] in _WRITES else None
        return self.call(args, {**options, NEVER_DECODE: True}, repeatable=is_repeatable(args), durable=durable)


def client_for_flask_session(store: Store) -> redis.Redis:
    """A client on the store's connections that gives bytes, as Flask-Session needs them.

    What it writes is on two nodes when it returns. Its errors are the store's: while Redis is away for longer than the
    deadline, a request with a session's cookie gets 503, whether it needs the session or not.
    """
    client = _Bytes(store.redis._pool, store.redis.policy)  # noqa: SLF001 - another view of the same connections
    client.confirmation = store.confirmation
    return client
