"""A hash per session, of which only changed fields are written, and an index per user to end all of them at once.

Ids are 256 random bits and are stored as digests only: who can read Redis can't take over a session.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.errors import SessionError
from app.ops import metrics
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_ID = 128
MAX_BYTES = 64 * 1024
META = "m:"
USER_EPOCH = keys.user_epoch("%s")
USER_SESSIONS = keys.user_sessions("%s")
SESSION = keys.session("%s")


def new_id() -> str:
    """A fresh session id: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(session_id: str) -> str:
    """The name under which a session is stored."""
    return hashlib.sha256(session_id.encode()).hexdigest()


def check_size(fields: Mapping[str, str]) -> None:
    """Refuse what is too much for a session.

    Raises:
        SessionError: the fields are larger than 64 KiB.
    """
    size = sum(len(name.encode()) + len(value.encode()) for name, value in fields.items())
    if size > MAX_BYTES:
        raise SessionError(f"a session of {size} bytes is too large: at most {MAX_BYTES}; keep big things elsewhere")


@dataclass(frozen=True, slots=True)
class Session:
    """A living session.

    Attributes:
        id: what the client sends.
        user_id: whose it is; None before the log-in.
        created: seconds since the epoch.
        metadata: what was said when it was created (device, address …).
        fields: everything stored, as text.
    """

    id: str
    user_id: int | None
    created: float
    metadata: dict[str, str]
    fields: dict[str, str] = field(repr=False)


class Sessions:
    """Creates, reads, changes and ends sessions.

    Args:
        store: where they are kept.
        ttl: seconds without use after which a session ends.
    """

    def __init__(self, store: Store, ttl: float) -> None:
        self._store = store
        self.ttl = ttl

    def create(self, user_id: int, metadata: Mapping[str, str] | None = None) -> str:
        """Start a session and return the id for ``X-Session-ID``. It is on two nodes when this returns.

        Raises:
            SessionError: the metadata is too large.
            StoreError: it was not kept.
        """
        session_id = new_id()
        fields = {f"{META}{name}": value for name, value in (metadata or {}).items()}
        self.save(session_id, fields, user_id=user_id)
        metrics.SESSION_EVENTS.labels("created").inc()
        return session_id

    def load(self, session_id: str) -> Session | None:
        """The session, which now lives for another ``ttl``; None when there is none.

        Raises:
            StoreError: Redis did not answer.
        """
        if not 0 < len(session_id) <= MAX_ID or not session_id.isascii():
            return None
        name = digest(session_id)
        args = (self._ttl_ms, name, USER_EPOCH, USER_SESSIONS)
        reply = iter(self._store.run("session_load", [keys.session(name)], args, repeatable=True))
        fields: dict[str, str] = dict(zip(reply, reply, strict=True))
        if not fields:
            return None
        return Session(
            id=session_id,
            user_id=int(fields["user"]) if "user" in fields else None,
            created=float(fields.get("created", 0)),
            metadata={name.removeprefix(META): value for name, value in fields.items() if name.startswith(META)},
            fields=fields,
        )

    def save(
        self,
        session_id: str,
        changed: Mapping[str, str],
        removed: Iterable[str] = (),
        *,
        user_id: int | None = None,
        exists: bool = False,
    ) -> bool:
        """Write some fields.

        Args:
            session_id: the client's id.
            changed: fields to set.
            removed: fields to delete.
            user_id: whose session it is from now on; None: nobody's.
            exists: whether it was loaded before; then a session that has ended meanwhile stays ended.

        Returns:
            False when it has ended meanwhile.

        Raises:
            SessionError: the fields are larger than 64 KiB.
            StoreError: it was not kept.
        """
        fields = dict(changed)
        if not exists:
            fields.setdefault("created", f"{time.time():.3f}")
        check_size(fields)
        name = digest(session_id)
        owner = "" if user_id is None else str(user_id)
        names = [keys.session(name), keys.user_sessions(user_id or 0), keys.user_epoch(user_id or 0)]
        pairs = [part for pair in fields.items() for part in pair]
        args = [self._ttl_ms, name, owner, int(exists), USER_SESSIONS, len(fields), *pairs, *removed]
        return bool(self._store.run("session_save", names, args, repeatable=True, durable=True))

    def destroy(self, session_id: str) -> None:
        """End one session.

        Raises:
            StoreError: it may still be alive.
        """
        name = digest(session_id)
        args = (name, USER_SESSIONS)
        if self._store.run("session_end", [keys.session(name)], args, repeatable=True, durable=True):
            metrics.SESSION_EVENTS.labels("destroyed").inc()

    def destroy_all(self, user_id: int) -> int:
        """Log a user out everywhere; also a session that is being saved at this moment.

        Returns:
            How many sessions were ended.

        Raises:
            StoreError: they may still be alive.
        """
        names = [keys.user_sessions(user_id), keys.user_epoch(user_id)]
        ended = self._store.run("session_end_all", names, (SESSION, self._ttl_ms), repeatable=True, durable=True)
        metrics.SESSION_EVENTS.labels("ended_everywhere").inc()
        return int(ended)

    @property
    def _ttl_ms(self) -> int:
        return int(self.ttl * 1000)
