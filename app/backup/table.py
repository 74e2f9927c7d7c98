"""What came of a restore, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.backup.bring import Outcome, Row

_HEADS = ("group", "in the backup", "ended since", "brought back", "")


def lines(outcome: Outcome) -> list[str]:
    """The table, then the verdict."""
    cells = [_HEADS, *(_cells(row, dry=outcome.dry) for row in outcome.rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(4)]
    table = [
        "  ".join(
            (line[0].ljust(widths[0]), *(line[place].rjust(widths[place]) for place in (1, 2, 3)), line[4])
        ).rstrip()
        for line in cells
    ]
    return [*table, "", _verdict(outcome)]


def _cells(row: Row, *, dry: bool) -> tuple[str, ...]:
    backup = row.living if row.backup is None else row.backup
    ended = "?" if row.backup is None else str(max(0, backup - row.living))
    if row.group.left_out and not row.found:
        return row.group.name, str(backup), ended, "-", f"left out: {row.group.left_out}"
    missing = row.living - row.found
    notes = [f"{missing} MISSING"] if missing and not dry else []
    notes += [f"{row.kept} were there, and stayed"] if row.kept else []
    return row.group.name, str(backup), ended, "-" if dry else str(row.found), ", ".join(notes)


def _verdict(outcome: Outcome) -> str:
    if outcome.dry:
        return f"nothing was written; without --dry-run this goes to {outcome.target}"
    if outcome.missing:
        return (
            f"{outcome.missing} are not at the target: does something write there meanwhile (workers, requests)? "
            "stop it, and begin again with --into-nonempty replace"
        )
    return "everything that still lives is there"
