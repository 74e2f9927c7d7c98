"""What a session is called: the secret id that a client sends, the digest under which it is stored, a name for people.

An id says by its first letter how it may come in: one of a cookie is worth nothing as a header, and the reverse.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final, Literal

Carrier = Literal["cookie", "header"]

_LETTERS: Final[dict[Carrier, str]] = {"cookie": "c", "header": "h"}
_ID: Final = re.compile(r"[ch][A-Za-z0-9_-]{43}")


def new_id(carrier: Carrier = "header") -> str:
    """A fresh session id: a letter and 256 random bits, URL-safe."""
    return _LETTERS[carrier] + secrets.token_urlsafe(32)


def new_name() -> str:
    """A name by which people may call a session; it opens nothing."""
    return secrets.token_urlsafe(12)


def is_id(text: str, carrier: Carrier | None = None) -> bool:
    """Whether it looks like an id that this server makes, for this carrier or any."""
    return _ID.fullmatch(text) is not None and carrier in {None, "cookie" if text[0] == "c" else "header"}


def digest(session_id: str) -> str:
    """The name under which a session is stored: who can read Redis can't take it over."""
    return hashlib.sha256(session_id.encode()).hexdigest()
