"""Where reports lie: a directory for each drill, named after its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.drill import journal as journals
from app.drill.report.html import html
from app.drill.report.junit import junit
from app.drill.report.markdown import markdown
from app.errors import DrillError

if TYPE_CHECKING:
    from pathlib import Path

    from app.drill.journal import Journal

JOURNAL: Final = "journal.json"


def save(out: Path, journal: Journal) -> Path:
    """Write the journal and everything that is made of it; the directory.

    Raises:
        DrillError: it can't be written.
    """
    place = out / journal.id
    try:
        place.mkdir(parents=True, exist_ok=True)
        journal.write(place / JOURNAL)
        for name, text in (
            ("report.md", markdown(journal)),
            ("report.html", html(journal)),
            ("junit.xml", junit(journal)),
        ):
            (place / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DrillError(f"the report could not be written ({error}): give a directory with --out") from error
    return place


def load(out: Path, name: str | None) -> Journal:
    """Read a journal: by its id, or the last one.

    Raises:
        DrillError: there is none.
    """
    found = sorted(path.parent.name for path in out.glob(f"*/{JOURNAL}"))
    chosen = name or (found[-1] if found else "")
    if chosen not in found:
        known = f"; there are {', '.join(found[-5:])}" if found else ": run one with `haven drill run`"
        raise DrillError(f"no drill {chosen + ' ' if chosen else ''}in {out}{known}")
    try:
        return journals.read(out / chosen / JOURNAL)
    except ValueError as error:
        raise DrillError(f"{out / chosen / JOURNAL} is no journal of this version: {error}") from None
