"""A page that is made from code: written, or, with --check on the command line, compared with what it would be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


def settle(page: Path, text: str, *, check: bool | None = None) -> None:
    """Write a page, or end with what to do if it is not as it would be written.

    Args:
        page: the file.
        text: what it is to hold.
        check: only compare; by default whether the command line says --check.
    """
    if not ("--check" in sys.argv[1:] if check is None else check):
        page.write_text(text, encoding="utf-8")
    elif not page.is_file() or page.read_text(encoding="utf-8") != text:
        name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page
        sys.exit(f"{name} is out of date: run `make docs`")
