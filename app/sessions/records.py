"""What a session is to those who use it, and how much one may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from app.errors import SessionError

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA: Final = "d:"
MAX_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 256
_MAX_DEVICE: Final = 200
_MAX_ADDRESS: Final = 64


def check_size(fields: Mapping[str, str]) -> None:
    """Refuse what is too much for a session.

    Raises:
        SessionError: the fields are more than 256, or larger than 64 KiB; names the largest.
    """
    if len(fields) > MAX_FIELDS:
        raise SessionError(f"a session of {len(fields)} keys is too large: at most {MAX_FIELDS}")
    sizes = {name: len(name.encode()) + len(value.encode()) for name, value in fields.items()}
    if sum(sizes.values()) > MAX_BYTES:
        largest = max(sizes, key=sizes.__getitem__)
        raise SessionError(
            f"a session of {sum(sizes.values())} bytes is too large: at most {MAX_BYTES}; keep big things such as "
            f"{largest.removeprefix(DATA)!r} ({sizes[largest]} bytes) elsewhere"
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A living session.

    Attributes:
        id: what the client sends.
        name: what people may call it; it opens nothing.
        user_id: whose it is; None: nobody's.
        created: when that user came to it, seconds since the epoch.
        seen: its last use, seconds since the epoch; see :class:`Sessions` for how exact.
        device: what began it, as its User-Agent says.
        address: from where it began.
        fields: what is kept in it, as text.
    """

    id: str = field(repr=False)
    name: str
    user_id: int | None
    created: float
    seen: float
    device: str
    address: str
    fields: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as its owner sees it in a list; the attributes as of :class:`Session`.

    Attributes:
        current: whether it is the one that asks.
    """

    name: str
    created: float
    seen: float
    device: str
    address: str
    current: bool


class Absent(Enum):
    """Why there is no session."""

    UNKNOWN = 0
    """There is none, or no more."""
    MOVED = 1
    """It has taken another id a moment ago."""


def origin_fields(device: str, address: str) -> dict[str, str]:
    """What is noted of where a session began: short, and what can be stored and shown."""
    return {"device": _plain(device, _MAX_DEVICE), "address": _plain(address, _MAX_ADDRESS)}


def _plain(text: str, longest: int) -> str:
    return "".join(letter for letter in text[:longest] if letter.isprintable())
