"""The run as people see it: a table that is drawn again and again, or a line now and then."""

from __future__ import annotations

import shutil
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, TextIO

from app.load.tally import SHOWN, TOTAL, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.load.run import Load
    from app.load.tally import Book

REDRAW: Final = 0.5
_RECENT: Final = 10  # redraws, over which the shown rate is taken
_HEADS: Final = ("sent", "per s", "failed", "limited", "dropped", *(f"p{percent}" for percent in SHOWN), "max ms")
_NAME, _COLUMN = 10, 9
_REASONS: Final = 3


def table(tallies: Mapping[str, Tally], rates: Mapping[str, float]) -> list[str]:
    """The figures of every journey and of all, a line each, under their heads.

    Args:
        tallies: what became of the visitors.
        rates: how many a second come.
    """
    lines = ["".join(["journey".ljust(_NAME), *(head.rjust(_COLUMN) for head in _HEADS)])]
    for name, tally in tallies.items():
        counts = (f"{count:,}" for count in (tally.failed, tally.limited, tally.dropped))
        cells = [f"{tally.sent:,}", f"{rates.get(name, 0.0):.1f}", *counts, *durations(tally)]
        lines.append("".join([name.ljust(_NAME), *(cell.rjust(_COLUMN) for cell in cells)]))
    return lines


def durations(tally: Tally) -> list[str]:
    """Its percentiles and its longest, in milliseconds; dashes where there is nothing."""
    waited = tally.waited
    values = [*(waited.percentile(percent) for percent in SHOWN), waited.longest if waited.count else None]
    return ["-" if value is None else f"{value * 1000:,.0f}" for value in values]


def summary(seconds: float, tallies: Mapping[str, Tally], rate: float) -> str:
    """All of it in one line."""
    total = tallies[TOTAL]
    names = [*(f"p{percent}" for percent in SHOWN), "max"]
    waited = ", ".join(f"{name} {value}" for name, value in zip(names, durations(total), strict=True))
    return (
        f"{clock(seconds)}  {total.sent:,} sent, {rate:.1f}/s, {total.running} under way, {total.failed} failed, "
        f"{total.limited} limited, {total.dropped} dropped; {waited} ms"
    )


def clock(seconds: float) -> str:
    """A span of time such as 1:02:03 or 2:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Screen:
    """Shows a run while it lasts, from a thread of its own.

    Args:
        load: the run.
        book: what becomes of its visitors.
        stream: where to; a terminal gets the table, drawn again and again.
        every: seconds from one line to the next where it is no terminal.
    """

    def __init__(self, load: Load, book: Book, stream: TextIO, every: float) -> None:
        self._load = load
        self._book = book
        self._stream = stream
        self._live = stream.isatty()
        self._every = REDRAW if self._live else every
        self._before: deque[tuple[float, dict[str, int]]] = deque(maxlen=_RECENT if self._live else 2)
        self._drawn = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="haven-load-screen", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """End; a terminal is left without the table."""
        self._ending.set()
        self._thread.join()
        if self._live:
            self._draw([])

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._ending.wait(self._every)
            tallies, seconds = self._book.read(), self._load.seconds
            rates = self._rates(tallies, seconds)
            if self._live:
                self._draw([*self._above(seconds, tallies), *table(tallies, rates), *self._below()])
            elif not ended:
                self._write(summary(seconds, tallies, rates[TOTAL]) + "\n")

    def _rates(self, tallies: Mapping[str, Tally], seconds: float) -> dict[str, float]:
        """How many a second came lately."""
        self._before.append((seconds, {name: tally.came for name, tally in tallies.items()}))
        then, came = self._before[0] if len(self._before) > 1 else (0.0, dict.fromkeys(tallies, 0))
        span = seconds - then
        return {name: (tally.came - came[name]) / span if span else 0.0 for name, tally in tallies.items()}

    def _above(self, seconds: float, tallies: Mapping[str, Tally]) -> list[str]:
        return [
            f"{clock(seconds)}  {tallies[TOTAL].running} under way" + ("; ending" if self._load.stopped else ""),
            "",
        ]

    def _below(self) -> list[str]:
        return ["", *(f"{count:>6} x {reason}" for reason, count in self._book.reasons()[:_REASONS])]

    def _draw(self, lines: list[str]) -> None:
        width = shutil.get_terminal_size().columns - 1
        back = f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""
        self._write(back + "".join(f"{line[:width]}\n" for line in lines))
        self._drawn = len(lines)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # nobody looks any more
            pass
