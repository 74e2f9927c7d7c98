"""The picture of a drill as SVG: what clients waited, point by point, with the moments that matter above."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.drill.journal import Happened, Journal

    Place = Callable[[float], float]

WIDTH: Final = 960
LEFT: Final = 80
ROW: Final = 74
TOP: Final = 120
TRACKS: Final = (
    ("requests", "requests"),
    ("writes", "durable writes"),
    ("tasks", "enqueues"),
    ("events", "publications"),
)
EDGE: Final = 100
"""So near to the right, a name stands on the other side of its line."""
STEPS: Final = (1, 2, 5, 10, 30, 60, 300, 1800)
MOST_STEPS: Final = 24
MARKED: Final = {
    ("drill", "fault"): "fault",
    ("drill", "fault undone"): "fault undone",
    ("drill", "all in order"): "all in order",
    ("", "+sdown"): "+sdown",
    ("", "+odown"): "+odown",
    ("", "is primary"): "new primary",
    ("writes", "good again"): "writes again",
}
"""What is marked, by source (or any) and what; the first of each after the fault."""


def picture(journal: Journal) -> str:
    """An SVG element."""
    points = [slot for slots in journal.slots.values() for slot in slots]
    begin, end = min(slot[0] for slot in points), max(slot[0] for slot in points) + 0.25
    used = [(name, label) for name, label in TRACKS if journal.slots.get(name)]
    height = TOP + ROW * len(used) + 30
    scale = (WIDTH - LEFT - 20) / max(end - begin, 1.0)

    def x(at: float) -> float:
        return round(LEFT + (at - begin) * scale, 1)

    parts = [_shade(journal, x, height), *_seconds(journal, begin, end, x, height)]
    for row, (name, label) in enumerate(used):
        parts.append(_track(journal.slots[name], label, TOP + ROW * row, x, max(scale * 0.25 - 0.5, 1.0)))
    parts += _marks(journal, x, height)
    box = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    text = "font-family='system-ui,sans-serif' font-size='12' fill='currentColor'"
    said = f"What clients waited during {journal.experiment.name}: {journal.reason}"
    return f"<svg {box} {text} role='img' aria-label='{escape(said, quote=True)}'>{''.join(parts)}</svg>"


def _track(slots: Sequence[Sequence[float]], label: str, top: float, x: Place, width: float) -> str:
    """A row of bars: as high as the longest wait, red where something failed."""
    most = max(0.05, *(slot[3] for slot in slots))
    base = top + ROW - 18
    bars = []
    for at, _, bad, longest in slots:
        high = max(1.0, longest / most * (ROW - 30))
        colour = "var(--bad,#b42318)" if bad else "var(--hue,#0b57a4)"
        bars.append(
            f"<rect x='{x(at)}' y='{base - high:.1f}' width='{width:.1f}' height='{high:.1f}' fill='{colour}'/>"
        )
    names = f"<text x='0' y='{base - 22}'>{label}</text><text x='0' y='{base - 6}' opacity='.7'>max {most:.2f} s</text>"
    ground = f"<line x1='{LEFT}' x2='{WIDTH - 20}' y1='{base}' y2='{base}' stroke='currentColor' opacity='.3'/>"
    return names + ground + "".join(bars)


def _shade(journal: Journal, x: Place, height: int) -> str:
    if not journal.fault_at or not journal.mended_at:
        return ""
    left = x(journal.fault_at)
    size = f"width='{max(x(journal.mended_at) - left, 1):.1f}' height='{height - TOP - 10}'"
    return f"<rect x='{left}' y='{TOP - 10}' {size} fill='currentColor' opacity='.08'/>"


def _seconds(journal: Journal, begin: float, end: float, x: Place, height: int) -> list[str]:
    zero = journal.fault_at or begin
    step = next(each for each in STEPS if (end - begin) / each <= MOST_STEPS)
    places = range(int((begin - zero) // step) + 1, int((end - zero) // step) + 1)
    style = "text-anchor='middle' opacity='.7'"
    return [f"<text x='{x(zero + at * step)}' y='{height - 8}' {style}>{at * step:+d} s</text>" for at in places]


def _marks(journal: Journal, x: Place, height: int) -> list[str]:
    lines = []
    for level, (name, moment) in enumerate(_moments(journal).items()):
        at, y = x(moment.at), 14 + 16 * (level % 6)
        style = "stroke='currentColor' stroke-dasharray='2 3' opacity='.5'"
        lines.append(f"<line x1='{at}' x2='{at}' y1='{y + 3}' y2='{height - 24}' {style}/>")
        anchor, shift = ("end", -4) if at > WIDTH - EDGE else ("start", 4)
        lines.append(f"<text x='{at + shift:.1f}' y='{y}' text-anchor='{anchor}'>{escape(name)}</text>")
    return lines


def _moments(journal: Journal) -> dict[str, Happened]:
    found: dict[str, Happened] = {}
    for moment in journal.time_line:
        for (source, what), name in MARKED.items():
            fits = moment.what == what and (not source or moment.source == source)
            if fits and name not in found and moment.at >= (journal.fault_at or 0):
                found[name] = moment
    return found
