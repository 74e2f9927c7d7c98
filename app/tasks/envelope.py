"""What travels: a task's name and arguments as JSON with a version, of bounded size, signed if there is a key."""

from __future__ import annotations

import hmac
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from app.errors import BadEnvelope, InvalidTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = 1
HEAD = f'{{"v":{VERSION},"name":"'
MAX_BYTES = 256 * 1024
FIELDS = ("expires", "holds", "trace", "then")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A task on its way.

    Attributes:
        name: the task function.
        args: its arguments by name, as JSON has them.
        expires: ms since the epoch after which it is not run any more; 0 for never.
        holds: whether it has a unique key or stands behind a limit, which its end gives back.
        trace: the W3C traceparent of whoever enqueued it, or empty.
        then: the envelopes of what is enqueued when it is done: id, queue and body of each.
    """

    name: str
    args: Mapping[str, Any]
    expires: int = 0
    holds: bool = False
    trace: str = ""
    then: Sequence[Mapping[str, Any]] = ()


def say(name: str, args: Any) -> bytes:
    """The arguments of a task as JSON.

    Raises:
        InvalidTask: JSON can't say them.
    """
    try:
        return to_json(args)
    except (ValueError, UnicodeError) as error:  # a lone surrogate, say
        raise InvalidTask(f"the arguments of {name!r} can't be said in JSON: {error}") from None


def name_in(text: str) -> str:
    """The task's name in a packed envelope, without opening it; empty where it is not at its place."""
    return text[len(HEAD) : text.find('"', len(HEAD))] if text.startswith(HEAD) else ""


def peek(text: str | None) -> dict[str, Any]:
    """The body of an envelope, unchecked, for looking at it; empty when it can't be read."""
    with suppress(ValueError):
        body = from_json(text or "{}")
        if isinstance(body, dict):
            return body
    return {}


class Sealer:
    """Packs and opens envelopes.

    Args:
        keys: the first signs, each of them is accepted: so a key can be changed without losing what waits. Without one,
            envelopes are not signed, and signatures not looked at.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = [key.encode() for key in keys]

    def pack(self, envelope: Envelope) -> tuple[str, str]:
        """The text of an envelope and its signature, which is empty without a key.

        Raises:
            InvalidTask: it is too large, or JSON can't say it.
        """
        more = {field: value for field in FIELDS if (value := getattr(envelope, field))}
        return self.pack_json(envelope.name, say(envelope.name, envelope.args), more)

    def pack_json(self, name: str, args: bytes, more: Mapping[str, Any]) -> tuple[str, str]:
        """The same of arguments that are JSON already, for those who have no time.

        Raises:
            InvalidTask: it is too large.
        """
        rest = b"," + to_json(more)[1:] if more else b"}"
        raw = b'%b%b","args":%b%b' % (HEAD.encode(), name.encode(), args, rest)
        if len(raw) > MAX_BYTES:
            raise InvalidTask(
                f"the arguments of {name!r} have {len(raw)} bytes as JSON, at most {MAX_BYTES}: "
                "send a reference to where they are"
            )
        return raw.decode(), self._sign(raw, self._keys[0]) if self._keys else ""

    def open(self, text: str, signature: str) -> Envelope:
        """Read an envelope.

        Raises:
            BadEnvelope: it is not signed with one of the keys, is no JSON of this form, or of an unknown version.
        """
        raw = text.encode()
        seal = signature.encode()
        if self._keys and not any(hmac.compare_digest(self._sign(raw, key).encode(), seal) for key in self._keys):
            raise BadEnvelope("its signature is missing or wrong: whoever enqueued it has another HAVEN_TASK_KEY")
        try:
            body = from_json(raw)
        except ValueError as wrong:
            raise BadEnvelope(f"it is no JSON ({wrong})") from None
        if not isinstance(body, dict) or body.get("v") != VERSION:
            version = body.get("v") if isinstance(body, dict) else None
            error = BadEnvelope(f"its version is {version!r}, this worker reads {VERSION}: let a newer worker run it")
            error.later = True
            raise error
        try:
            return Envelope(
                body["name"],
                body["args"],
                body.get("expires", 0),
                body.get("holds", False),
                body.get("trace", ""),
                body.get("then", ()),
            )
        except KeyError as missing:
            raise BadEnvelope(f"it has no {missing}") from None

    @staticmethod
    def _sign(raw: bytes, key: bytes) -> str:
        return hmac.digest(key, raw, "sha256").hex()
