"""What is good enough, and whether it was reached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.errors import LoadError
from app.load.tally import TOTAL, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DEFAULTS: Final = ("p99<500ms", "failures<0.1%", "dropped<0.1%")
_FORM: Final = re.compile(
    r"(?:(?P<of>[a-z-]+):)?(?:p(?P<percent>\d{1,2}(?:\.\d{1,3})?)|(?P<name>max|failures|limited|dropped))"
    r"\s*<\s*(?P<bound>\d+(?:\.\d+)?)(?P<unit>ms|s|%)?"
)
_HELP: Final = "write it as p99<500ms, max<2s, failures<0.1%, dropped<1 or limited<5%, for one journey as buy:p99<500ms"


@dataclass(frozen=True, slots=True)
class Objective:
    """One bound that a run must stay under.

    Attributes:
        text: as it was written.
        of: the journey it is about, or ``total``.
        percent: which percentile of the durations; 100 is the longest; None for a count.
        count: what is counted: ``failures``, ``limited`` or ``dropped``.
        bound: seconds, a share of all, or a number.
        share: whether the bound of a count is a share of all.
    """

    text: str
    of: str
    percent: float | None
    count: str
    bound: float
    share: bool

    @classmethod
    def parse(cls, text: str, journeys: Collection[str]) -> Objective:
        """Read one.

        Args:
            text: what was written.
            journeys: those that are made.

        Raises:
            LoadError: it can't be read, or is about a journey that is not made.
        """
        found = _FORM.fullmatch(text.strip())
        if not found:
            raise LoadError(f"--objective={text!r} can't be read: {_HELP}")
        of, percent, name, unit = found["of"] or TOTAL, found["percent"], found["name"], found["unit"]
        if of not in {TOTAL, *journeys}:
            raise LoadError(f"--objective={text!r}: nobody makes the journey {of!r}; there are {', '.join(journeys)}")
        timed = percent is not None or name == "max"
        if timed != (unit in {"ms", "s"}) or percent in {"0", "00"}:
            raise LoadError(f"--objective={text!r} can't be read: {_HELP}")
        scale = {"ms": 0.001, "s": 1.0, "%": 0.01, None: 1.0}[unit]
        return cls(
            text=text.strip(),
            of=of,
            percent=(float(percent) if percent else 100.0) if timed else None,
            count="" if timed else name,
            bound=float(found["bound"]) * scale,
            share=unit == "%",
        )

    def judge(self, tallies: Mapping[str, Tally]) -> Judgement:
        """Say whether it was reached. Where nobody was served there is no duration, and it was not."""
        tally = tallies[self.of]
        value: float | None
        if self.percent is not None:
            value = tally.waited.longest if self.percent == 100 else tally.waited.percentile(self.percent)  # noqa: PLR2004
            value = value if tally.waited.count else None
            said = "nobody was served" if value is None else f"{value * 1000:,.0f} ms"
        else:
            number = {"failures": tally.failed, "limited": tally.limited, "dropped": tally.dropped}[self.count]
            value = float(number)
            said = f"{number:,} of {tally.came:,}"
            if self.share:
                value = number / tally.came if tally.came else None
                said += f" ({value:.3%})" if value is not None else ""
        return Judgement(self, value, said, met=value is not None and value < self.bound)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an objective was reached.

    Attributes:
        objective: which one.
        value: what was measured, in the unit of its bound; None if there was nothing to measure.
        said: the same for people.
        met: whether it was reached.
    """

    objective: Objective
    value: float | None
    said: str
    met: bool
