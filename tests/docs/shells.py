"""Runs a block as its reader would: bash that stops at the first error, in the checkout, with .venv/bin on PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.docs.pages import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.docs.pages import Block

SECONDS = 60.0
# To find nothing is an answer, not a failure: grep says so with 1. A file that is not there is 2.
PRELUDE = 'grep() { command grep "$@" || [ $? = 1 ]; }\n'


def make_desk(directory: Path) -> Path:
    """A copy of the checkout, with its .venv installed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - the developer's git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    venv = directory / ".venv"
    venv.mkdir(parents=True)
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(ROOT / ".venv" / name)
    (venv / ".installed").touch()
    later = time.time() + 3600
    os.utime(venv / ".installed", (later, later))  # what a page changes must not be installed into ours
    return directory


def environment(desk: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A reader's, at a desk: nothing of Haven is set."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("HAVEN_", "REDIS_", "MAKE"))}
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # `haven` is installed from our checkout: a page may change the copy, and it is the copy that runs
    return {**plain, "PATH": path, "PYTHONPATH": str(desk), **(more or {})}


def write_files(page: str, directory: Path) -> None:
    """Write what a page shows as files (`toml file shopping.toml`)."""
    for block in next(each for each in pages() if each.name == page).blocks:
        if block.home[:1] == ("file",):
            path = directory / block.home[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def run(
    block: Block, text: str, desk: Path, env: Mapping[str, str], prelude: str = PRELUDE, seconds: float = SECONDS
) -> str:
    """Run it; what it printed.

    Raises:
        AssertionError: it failed, or printed something else than the page shows below it.
    """
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", prelude + text],  # noqa: S607 - the one on PATH
        cwd=desk,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    said = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert done.returncode == 0, f"{block.at}: exit code {done.returncode} of\n{text}\n{said}"
    missing = unlike(shown_below(block), done.stdout + done.stderr)
    assert not missing, f"{block.at}: the page shows {missing!r}, which is not in its output:\n{said}"
    return done.stdout


def shown_below(block: Block) -> str:
    """What the page says that this block prints."""
    blocks = next((each.blocks for each in pages() if each.name == block.page), ())
    for one, following in pairwise(blocks):
        if one == block and following.info == "text output":
            return following.text
    return ""


def unlike(shown: str, printed: str) -> str | None:
    """The first shown line that was not printed after those before it; figures, and what `…` stands for, may differ."""
    rest = printed.splitlines()
    for line in shown.splitlines():
        if line.strip() in {"", "…"}:
            continue
        pattern = _pattern(line)
        place = next((index for index, each in enumerate(rest) if pattern.search(each)), None)
        if place is None:
            return line
        rest = rest[place + 1 :]
    return None


def _pattern(line: str) -> re.Pattern[str]:
    text = re.escape(line.strip()).replace("…", ".*")
    return re.compile(re.sub(r"(\\?\s)+", r"\\s+", re.sub(r"\d[\d,]*(\\\.\d+)?", r"[\\d,]+(\\.\\d+)?", text)))
