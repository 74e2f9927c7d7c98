"""``flask.session``: a request's session, read at first use, of which only what changed is written.

A request without need of it works while Redis is away.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from flask.sessions import SessionMixin

from app.errors import SessionError
from app.sessions.codec import decode, encode
from app.sessions.ids import new_id
from app.sessions.records import DATA, Absent, check_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.sessions.ids import Carrier
    from app.sessions.store import Sessions

USER: Final = "user_id"
"""The key of ``flask.session`` that says who is logged in."""
PERMANENT: Final = "_permanent"


class Told(Enum):
    """What the client is to be told after a save."""

    NOTHING = 0
    ID = 1
    """The id is new, or how long it is to be kept."""
    ENDED = 2
    """This request has ended the session."""


class _Text(str):
    """A value as it is stored, that nobody has looked at."""

    __slots__ = ()


class WebSession(SessionMixin):
    """A session as a dictionary; :mod:`app.sessions.codec` says what its values may be. Changes inside one are noticed.

    Setting ``user_id`` gives the session to that user, under a new id. Emptying the session ends it.

    Args:
        sessions: where it is kept.
        sent: the id that the client sent; None: none.
        carrier: how it came, and how a new one goes.
    """

    def __init__(self, sessions: Sessions, sent: str | None, carrier: Carrier) -> None:
        self._sessions = sessions
        self._sent = sent
        self._id: str | None = None
        self._data: dict[str, Any] | None = None
        self._stored: dict[str, str] = {}
        self._owner: int | None = None
        self._moved = self._cleared = self._renews = self._enters = False
        self.carrier = carrier
        self.accessed = False

    def __getitem__(self, key: str) -> Any:
        data = self._load()
        value = data[key]
        if type(value) is _Text:
            value = data[key] = decode(value)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        data = self._load()
        if key == USER:
            if value is not None and (type(value) is not int or value < 0):
                raise SessionError(f"session[{USER!r}] is a user's number or None, not {value!r}")
            self._enters = value is not None
        data[key] = value

    def __delitem__(self, key: str) -> None:
        del self._load()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._load()

    def __iter__(self) -> Iterator[str]:
        return iter(self._load())

    def __len__(self) -> int:
        return len(self._load())

    def clear(self) -> None:
        """Empty it. If it then takes a new id, nothing goes along, nor does what another request adds meanwhile."""
        self._load().clear()
        self._cleared = True

    def renew(self) -> None:
        """Take a new id with the answer, at every change of what the session may do: a new password, another role.

        Log-in and log-out do it by themselves.
        """
        self._load()
        self._renews = True

    @property
    def id(self) -> str | None:
        """The id under which it is stored; None: it is not, or not yet."""
        self._load()
        return self._id

    @property
    def loaded(self) -> bool:
        """Whether anyone looked at it."""
        return self._data is not None

    @property
    def new(self) -> bool:  # type: ignore[override]
        """Whether it was not there when the request came."""
        self._load()
        return self._id is None

    @property
    def modified(self) -> bool:
        """Whether there is something to write."""
        if self._data is None:
            return False
        return self._data.get(USER) != self._owner or self._renews or self._texts() != self._stored

    @modified.setter
    def modified(self, value: bool) -> None:
        """Nobody needs to say so; it is compared."""

    @property
    def permanent(self) -> bool:
        """Whether a browser keeps the cookie when it is closed; unless told otherwise, it does."""
        return bool(self.get(PERMANENT, True))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self[PERMANENT] = bool(value)

    def save(self, device: str, address: str) -> Told:
        """Write what changed.

        Args:
            device: the client, for the list of its user's sessions.
            address: where it is.

        Raises:
            SessionError: a value can't be kept, or it is too large.
            StoreError: it was not kept.
        """
        data = self._load()
        if self._moved and not self._enters:  # another request has given it a new id: that and the cookie are not ours
            return Told.NOTHING
        texts, owner = self._texts(), data.get(USER)
        if not texts and owner is None:
            return self._end()
        known = self._id
        renews = known is not None and (self._renews or self._enters or owner != self._owner)
        carry = not (self._cleared and renews)
        before = self._stored if carry else {}
        changed = {name: text for name, text in texts.items() if before.get(name) != text}
        removed = [name for name in before if name not in texts]
        if known is not None and not renews and not changed and not removed:
            return Told.NOTHING
        check_size(texts)  # all of it: what changed alone would let it grow a bit with every request
        begins = known is None or self._enters or not carry
        session_id = new_id(self.carrier) if known is None or renews else known
        if not self._sessions.save(
            session_id,
            changed,
            removed,
            user_id=owner,
            exists=known is not None and not self._enters,  # who logs in gets a session, whatever became of the former
            former=known if renews else None,
            carry=carry,
            origin=(device, address) if begins else None,
        ):
            return Told.NOTHING  # ended meanwhile, by a log-out everywhere: it stays ended
        self._id, self._stored, self._owner = session_id, texts, owner
        self._renews = self._enters = self._cleared = False
        return Told.ID if session_id != known or DATA + PERMANENT in {*changed, *removed} else Told.NOTHING

    def discard(self) -> None:
        """Leave what is stored as it is."""
        self._data = None

    def _load(self) -> dict[str, Any]:
        self.accessed = True
        if self._data is None:
            found = self._sessions.find(self._sent, self.carrier) if self._sent else Absent.UNKNOWN
            self._data = {}
            if isinstance(found, Absent):
                self._moved = found is Absent.MOVED
            else:
                self._id, self._owner, self._stored = found.id, found.user_id, found.fields
                self._data = {name.removeprefix(DATA): _Text(text) for name, text in found.fields.items()}
                if found.user_id is not None:
                    self._data[USER] = found.user_id
        return self._data

    def _texts(self) -> dict[str, str]:
        return {
            f"{DATA}{key}": value if type(value) is _Text else encode(key, value)
            for key, value in self._load().items()
            if key != USER
        }

    def _end(self) -> Told:
        if self._id is None:
            return Told.NOTHING
        self._sessions.destroy(self._id)
        self._id = None
        return Told.ENDED
