"""A hash per session, of which only changed fields are written, and an index per user to list and end them.

Ids are 256 random bits and are stored as digests only: who can read Redis can't take over a session. All times are
the server's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.ops import metrics
from app.sessions.ids import digest, is_id, new_id, new_name
from app.sessions.records import DATA, Absent, Listed, Session, check_size, origin_fields
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.sessions.ids import Carrier

REMEMBERED_MS: Final = 60_000
"""For how long a former id is known as such: requests that were under way with it."""
_AT_ONCE: Final = 1000
_DAY: Final = 86_400.0


class Sessions:
    """Creates, reads, changes, lists and ends sessions.

    A use is noted when the last noted one is a twentieth of ``ttl`` old, or a minute: most reads write nothing.

    Args:
        store: where they are kept.
        ttl: seconds without use after which a session ends.
        max_age: seconds after which it ends, used or not.
        per_user: sessions that a user may have; more end those unused for longest.
    """

    def __init__(self, store: Store, ttl: float, *, max_age: float = 30 * _DAY, per_user: int = 100) -> None:
        self._store = store
        self.ttl = ttl
        self.max_age = max_age
        self.per_user = per_user
        self._ttl_ms = int(ttl * 1000)
        self._age_ms = int(max_age * 1000)
        self._unnoted_ms = min(60_000, self._ttl_ms // 20)

    def create(self, user_id: int, *, device: str = "", address: str = "") -> str:
        """Start a session and return the id for ``X-Session-ID``. It is on two nodes when this returns.

        Raises:
            StoreError: it was not kept.
        """
        session_id = new_id()
        self.save(session_id, {}, user_id=user_id, origin=(device, address))
        return session_id

    def load(self, session_id: str, carrier: Carrier = "header") -> Session | None:
        """The session, which now lives for another ``ttl``; None when there is none.

        Args:
            session_id: what the client sent.
            carrier: in what. An id for the other is none.

        Raises:
            StoreError: Redis did not answer.
        """
        found = self.find(session_id, carrier)
        return None if isinstance(found, Absent) else found

    def find(self, session_id: str, carrier: Carrier) -> Session | Absent:
        """As :meth:`load`, and why there is none."""
        return self._read(session_id, self._unnoted_ms) if is_id(session_id, carrier) else Absent.UNKNOWN

    def peek(self, session_id: str) -> Session | None:
        """The session, which does not live longer for it; None when there is none.

        Raises:
            StoreError: Redis did not answer.
        """
        found = self._read(session_id, -1) if is_id(session_id) else None
        return None if isinstance(found, Absent) else found

    def alive(self, session_ids: Sequence[str]) -> list[bool]:
        """Which of these live; none of them lives longer for it. One round trip for each thousand.

        Raises:
            StoreError: Redis did not answer.
        """
        names = [keys.session(digest(session_id)) for session_id in session_ids]
        living: list[bool] = []
        for start in range(0, len(names), _AT_ONCE):
            part = names[start : start + _AT_ONCE]
            living += map(bool, self._store.run("session_alive", part, [self._age_ms], repeatable=True))
        return living

    def save(  # noqa: PLR0913 - the changes of a session
        self,
        session_id: str,
        changed: Mapping[str, str],
        removed: Iterable[str] = (),
        *,
        user_id: int | None = None,
        exists: bool = False,
        former: str | None = None,
        carry: bool = True,
        origin: tuple[str, str] | None = None,
    ) -> bool:
        """Write some fields, in one step with a new id if it takes one.

        Args:
            session_id: the client's id.
            changed: fields to set.
            removed: fields to delete.
            user_id: whose session it is from now on; None: nobody's.
            exists: whether it was loaded before; then a session that has ended meanwhile stays ended.
            former: the id that it had; worth nothing from now on.
            carry: whether it takes along what it had under the former id.
            origin: its device and address, if they are to be noted.

        Returns:
            False when it has ended meanwhile, or has taken another id.

        Raises:
            SessionError: the fields are too many, or larger than 64 KiB.
            StoreError: it was not kept.
        """
        check_size(changed)
        fields = {**changed, **(origin_fields(*origin) if origin else {})}
        name = digest(session_id)
        former_name = digest(former) if former else ""
        names = [keys.session(name), *([keys.session(former_name)] if former else [])]
        owner = "" if user_id is None else str(user_id)
        limits = (self._ttl_ms, self._age_ms, self._unnoted_ms, REMEMBERED_MS, self.per_user)
        pairs = [part for pair in fields.items() for part in pair]
        args = [name, former_name, owner, int(exists), int(carry), new_name(), *limits, len(fields), *pairs, *removed]
        kept = int(self._store.run("session_save", names, args, repeatable=True, durable=True))
        if kept and (former or not exists):
            metrics.SESSION_EVENTS.labels("renewed" if former else "created").inc()
        if kept > 1:
            metrics.SESSION_EVENTS.labels("crowded_out").inc(kept - 1)
        return kept > 0

    def renew(self, session_id: str) -> str | None:
        """Give a session another id, at a change of what it may do; the former one is worth nothing from now on.

        Returns:
            The new id; None when the session has ended.

        Raises:
            StoreError: it may have the new id or the former one.
        """
        found = self.peek(session_id)
        carrier: Carrier = "cookie" if is_id(session_id, "cookie") else "header"
        fresh = new_id(carrier)
        if found and self.save(fresh, {}, user_id=found.user_id, exists=True, former=session_id):
            return fresh
        return None

    def of_user(self, user_id: int, current: str | None = None) -> list[Listed]:
        """A user's sessions, the last used first.

        Args:
            user_id: whose.
            current: the id of the one that asks.

        Raises:
            StoreError: Redis did not answer.
        """
        own = digest(current) if current else None
        found = self._store.run("session_list", [keys.user_sessions(user_id)], (user_id, self._age_ms), repeatable=True)
        listed = [
            Listed(name, int(created) / 1000, int(seen) / 1000, device, address, key == own)
            for name, key, created, seen, device, address in found
        ]
        return sorted(listed, key=lambda one: (one.current, one.seen), reverse=True)

    def destroy(self, session_id: str) -> None:
        """End one session.

        Raises:
            StoreError: it may still be alive.
        """
        name = digest(session_id)
        self._count(self._store.run("session_end", [keys.session(name)], [name], repeatable=True, durable=True))

    def destroy_named(self, user_id: int, name: str) -> bool:
        """End that session of a user which has this name in the list; False when there is none.

        Raises:
            StoreError: it may still be alive.
        """
        index = [keys.user_sessions(user_id)]
        ended = self._store.run("session_end_named", index, (user_id, name), repeatable=True, durable=True)
        return self._count(ended) > 0

    def destroy_all(self, user_id: int, *, but: str | None = None) -> int:
        """Log a user out everywhere; also a session that is being saved at this moment.

        Args:
            user_id: who.
            but: the id of a session of theirs that stays.

        Returns:
            How many sessions were ended.

        Raises:
            StoreError: they may still be alive.
        """
        names = [keys.user_sessions(user_id), keys.user_epoch(user_id)]
        args = (user_id, self._ttl_ms, digest(but) if but else "")
        ended = self._store.run("session_end_all", names, args, repeatable=True, durable=True)
        metrics.SESSION_EVENTS.labels("ended_everywhere").inc()
        return int(ended)

    def _read(self, session_id: str, unnoted: int) -> Session | Absent:
        name = digest(session_id)
        args = (name, self._ttl_ms, self._age_ms, unnoted)
        reply = iter(self._store.run("session_load", [keys.session(name)], args, repeatable=True))
        fields: dict[str, str] = dict(zip(reply, reply, strict=True))
        if "moved" in fields:
            return Absent.MOVED
        if "created" not in fields:
            metrics.SESSION_EVENTS.labels("over" if fields else "unknown").inc()
            return Absent.UNKNOWN
        return Session(
            id=session_id,
            name=fields["public"],
            user_id=int(fields["user"]) if "user" in fields else None,
            created=int(fields["created"]) / 1000,
            seen=int(fields["seen"]) / 1000,
            device=fields.get("device", ""),
            address=fields.get("address", ""),
            fields={key: value for key, value in fields.items() if key.startswith(DATA)},
        )

    @staticmethod
    def _count(ended: int) -> int:
        if ended:
            metrics.SESSION_EVENTS.labels("destroyed").inc()
        return ended
