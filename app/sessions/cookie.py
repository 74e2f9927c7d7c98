"""The cookie of a session: a signed id and nothing else, for this host alone where it is served by HTTPS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from itsdangerous import BadSignature, Signer

if TYPE_CHECKING:
    from flask import Flask, Request

SALT: Final = "haven.session"
HOST: Final = "__Host-"
"""A cookie whose name begins so is taken from HTTPS, for its host and all paths only: no other host can plant it."""


def cookie_name(name: str, *, secure: bool) -> str:
    """What a cookie is called."""
    return HOST + name if secure else name


def signing_keys(app: Flask) -> list[str]:
    """The keys whose signatures are accepted; the last one signs, as itsdangerous wants it."""
    return [*(app.config["SECRET_KEY_FALLBACKS"] or ()), str(app.config["SECRET_KEY"])]


class SignedCookie:
    """Signs ids and finds them again.

    Args:
        keys: as :func:`signing_keys` gives them.
    """

    def __init__(self, keys: list[str]) -> None:
        self._signer = Signer(keys, salt=SALT)

    def sign(self, session_id: str) -> str:
        """The cookie's value."""
        return self._signer.sign(session_id).decode()

    def find(self, request: Request, name: str) -> tuple[str | None, bool]:
        """The id that a request brings, and whether the present key has signed it.

        A browser that was given two by different hosts sends both, and does not say whose is whose: then it has none.
        """
        found = {given: unsigned for given in request.cookies.getlist(name) if (unsigned := self._unsign(given))}
        if len(set(found.values())) != 1:
            return None, True
        ((given, session_id), *_) = found.items()
        return session_id, self.sign(session_id) == given

    def _unsign(self, value: str) -> str | None:
        try:
            return self._signer.unsign(value).decode()
        except (BadSignature, UnicodeError):
            return None
