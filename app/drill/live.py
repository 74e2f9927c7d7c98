"""A drill as it is shown in a terminal: the time line as it grows, and a line below it that says how things stand."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Final

from app.drill.timeline import clock

if TYPE_CHECKING:
    from app.drill.feed import Feed
    from app.drill.journal import Journal
    from app.drill.timeline import Moment

_REDRAW: Final = 0.1
_WIDTH: Final = 24
_COLOURS: Final = {"drill": "1", "failed": "31", "is primary": "32", "good again": "32", "does not answer": "31"}
_TRACKS: Final = ("requests", "writes", "tasks", "stream")


class Live:
    """Shows it.

    Args:
        out: where; on a terminal with colours and a line that is drawn again and again.
        longest: seconds that the drill may take: the whole of the progress bar.
    """

    def __init__(self, out: IO[str] | None = None, longest: float = 60.0) -> None:
        self._out = out or sys.stdout
        self._tty = self._out.isatty()
        self._longest = longest
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._drawn = 0.0
        self._phase = ""
        self._shown = False

    def line(self, text: str = "") -> None:
        """A line that stays."""
        with self._lock:
            self._wipe()
            self._out.write(text + "\n")
            self._out.flush()

    def moment(self, moment: Moment) -> None:
        """Something has happened."""
        what = self._coloured(moment.source, moment.what)
        self.line(f"  {clock(moment.at)}Z  {moment.source:<18} {what}{'  ' + moment.detail if moment.detail else ''}")

    def told(self, phase: str, feed: Feed) -> None:
        """How it stands; drawn ten times a second, and only in a terminal; elsewhere the phase, once."""
        if phase != self._phase:
            self._phase = phase
            if not self._tty:
                self.line(f"  … {phase}")
        now = time.monotonic()
        if not self._tty or now - self._drawn < _REDRAW:
            return
        self._drawn = now
        share = min(1.0, (now - self._began) / self._longest)
        bar = "█" * int(share * _WIDTH) + "·" * (_WIDTH - int(share * _WIDTH))
        counts = "  ".join(_count(feed, name) for name in _TRACKS if name in feed.tracks)
        text = f"  {bar} {now - self._began:4.0f} s  {phase}  {counts}"
        with self._lock:
            self._wipe()
            self._out.write(text[: shutil.get_terminal_size().columns - 1])
            self._out.flush()
            self._shown = True

    def end(self) -> None:
        """Nothing more is drawn."""
        with self._lock:
            self._wipe()
            self._out.flush()

    def _wipe(self) -> None:
        if self._shown:
            self._out.write("\r\033[K")
            self._shown = False

    def _coloured(self, source: str, what: str) -> str:
        colour = _COLOURS.get(what) or _COLOURS.get(source)
        return f"\033[{colour}m{what}\033[0m" if self._tty and colour else what


def summary(journal: Journal) -> list[str]:
    """The end of it, for people."""
    lines = ["", f"{journal.result}: {journal.reason}", ""]
    for judged in journal.judged:
        mark = "✓" if judged.held else "✗"
        lines.append(f"  {mark} {judged.figure:<24} {judged.measured:>12}   promised {judged.promise}")
    rest = {name: value for name, value in journal.figures.items() if name not in journal.experiment.expect}
    if rest:
        lines += ["", *(f"    {name:<24} {value if value is not None else '-':>12}" for name, value in rest.items())]
    return lines


def _count(feed: Feed, name: str) -> str:
    good, bad = feed.counts(name)
    return f"{name} {good}" + (f" (✗ {bad})" if bad else "")
