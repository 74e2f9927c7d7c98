"""Lines for the person at the terminal, from several threads, coloured where that is wanted."""

import io
import os
import sys
import threading
from collections.abc import Mapping
from typing import Final, TextIO

_PARTS: Final = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)  # ANSI foregrounds that read well on dark and light
_RED, _GREEN, _YELLOW, _BOLD, _FAINT = 31, 32, 33, 1, 2
_LEVELS: Final = {"ok": _GREEN, "warn": _YELLOW, "fail": _RED}


class Terminal:
    """Writes whole lines; a reader that has gone away is no error.

    Args:
        stream: where to.
        env: `NO_COLOR` in it, or a stream that is no terminal, means plain text.
    """

    def __init__(self, stream: TextIO | None = None, env: Mapping[str, str] | None = None) -> None:
        self._stream = stream or sys.stdout
        if isinstance(self._stream, io.TextIOWrapper):
            self._stream.reconfigure(errors="replace")  # an ASCII terminal shows ? for the ticks
        self._colour = self._stream.isatty() and not (os.environ if env is None else env).get("NO_COLOR")
        self._lock = threading.Lock()
        self._codes: dict[str, int] = {}
        self._width = 0

    def expect(self, names: list[str]) -> None:
        """Fix a colour for each of these parts, and the width of the column of names."""
        self._codes = {name: _PARTS[place % len(_PARTS)] for place, name in enumerate(names)}
        self._width = max(map(len, names), default=0)

    def line(self, text: str = "") -> None:
        """Write one line."""
        with self._lock:
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                pass

    def log(self, name: str, text: str) -> None:
        """Write one line of a part's log."""
        self.line(f"{self.part(name)} {self._paint('|', _FAINT)} {text}")

    def done(self, name: str, address: str, role: str, took: str) -> None:
        """Write a line about a part that has come up."""
        self.line(f"{self._paint('✓', _GREEN)} {self.part(name)}  {address:<15}  {role:<27}  {took}")

    def failed(self, text: str, remedy: str = "") -> None:
        """Write what failed and what to try."""
        self.line(f"{self._paint('✗', _RED)} {text}" + (f"\n  -> {remedy}" if remedy else ""))

    def check(self, level: str, text: str) -> None:
        """Write a line about a check, with its result in front."""
        self.line(f"{self._paint(level.ljust(6), _LEVELS[level])}{text}")

    def heading(self, text: str) -> str:
        """Return the text in bold."""
        return self._paint(text, _BOLD)

    def faint(self, text: str) -> str:
        """Return the text in a faint colour."""
        return self._paint(text, _FAINT)

    def part(self, name: str) -> str:
        """Return the name of a part, padded and in its colour."""
        return self._paint(name.ljust(self._width), self._codes.get(name, _BOLD))

    def _paint(self, text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text
