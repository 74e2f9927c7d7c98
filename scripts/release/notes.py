"""Print what CHANGELOG.md and UPGRADE.md say of a version. Usage: python -m scripts.release.notes VERSION|Unreleased"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RELEASED = re.compile(r"\d+\.\d+\.\d+")
_HEADING = re.compile(r"^## \[?([^\]\s]+)\]?(?: - \d{4}-\d{2}-\d{2})?$", re.MULTILINE)
_STEP = re.compile(r"^## From \d+\.\d+ to (\d+\.\d+)$", re.MULTILINE)


def headings(text: str) -> list[str]:
    """The versions that a changelog tells of, as it orders them."""
    return _HEADING.findall(text)


def part(text: str, name: str) -> str:
    """What stands under one heading; empty if there is none."""
    pieces = _HEADING.split(text)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True)).get(name, "").strip()


def upgrade(text: str, version: str) -> str:
    """What UPGRADE.md says of the way to a version; nothing for those that only mend."""
    pieces = _STEP.split(text)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True)).get(version.removesuffix(".0"), "").strip()


def main(name: str) -> None:
    """Print it; ends with what is there if it is not."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = part(text, name)
    if not found:
        sys.exit(f"CHANGELOG.md says nothing of {name!r}: it knows {', '.join(headings(text))}")
    lines = [found]
    if how := upgrade((ROOT / "UPGRADE.md").read_text(encoding="utf-8"), name):
        lines += ["", "### Upgrade", "", how]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1].removeprefix("v") if sys.argv[1:] else sys.exit(__doc__))
