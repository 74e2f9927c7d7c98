"""What lies in Redis for a value: a line on its life, a line of its tags, a line of their versions, and the value.

A hit compares lines and reads no JSON but the value's own.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAIN: Final = "1"
PRESSED: Final = "1z"
LEVEL: Final = 1
"""Of zlib: what it saves beyond that costs more time than Redis takes."""


class Unreadable(ValueError):
    """It is none of our values."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored value, not read yet.

    Attributes:
        fresh_until: seconds since 1970, by the clock of the process that made it.
        load: seconds that it took to make.
        tags: the names, as :func:`names` writes them.
        versions: of those, in that order, joined by blanks.
        form: PLAIN or PRESSED.
        body: the value.
    """

    fresh_until: float
    load: float
    tags: str
    versions: str
    form: str
    body: str

    @property
    def value(self) -> Any:
        """The value.

        Raises:
            Unreadable: it is none.
        """
        try:
            text = self.body if self.form == PLAIN else zlib.decompress(b64decode(self.body)).decode()
            try:
                return from_json(text)
            except ValueError:
                return json.loads(text)  # knows half characters, too
        except (ValueError, RecursionError, zlib.error) as error:
            raise Unreadable(str(error)) from error


def names(tags: Sequence[str]) -> str:
    """The tags' names in one line."""
    return json.dumps(tags, separators=(",", ":")) if tags else ""


def pack(value: Any) -> str:
    """A value as text.

    Raises:
        TypeError, ValueError: JSON can't say it.
    """
    return json.dumps(value, separators=(",", ":"))


def seal(text: str, fresh_until: float, load: float, tags: str, press_from: int) -> tuple[str, str]:
    """What is stored, without the tags' versions: what stands before, and what after them.

    Args:
        text: the packed value.
        fresh_until: see :class:`Entry`.
        load: see :class:`Entry`.
        tags: see :class:`Entry`.
        press_from: texts of so many characters are compressed, where it makes them shorter.
    """
    form = PLAIN
    if len(text) >= press_from:
        pressed = b64encode(zlib.compress(text.encode(errors="surrogatepass"), LEVEL)).decode()
        if len(pressed) < len(text):
            form, text = PRESSED, pressed
    return f"{form} {fresh_until:.3f} {load:.4f}\n{tags}\n", f"\n{text}"


def open_entry(stored: str) -> Entry:
    """A stored value.

    Raises:
        Unreadable: it is none of ours.
    """
    try:
        life, tags, versions, body = stored.split("\n", 3)
        form, fresh_until, load = life.split(" ")
        found = Entry(float(fresh_until), float(load), tags, versions, form, body)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    if form not in {PLAIN, PRESSED}:
        raise Unreadable(f"form {form[:10]!r}")
    return found


def tag_names(entry: Entry) -> list[str]:
    """The names of an entry's tags.

    Raises:
        Unreadable: they are none.
    """
    if not entry.tags:
        return []
    try:
        return [str(name) for name in json.loads(entry.tags)]
    except (ValueError, TypeError) as error:
        raise Unreadable(str(error)) from error
