"""An environment for each rival, in .cache/bench; made anew when its pins change."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.tasks.contestants import Contestant

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "bench"
LONGEST = 300


class Unavailable(Exception):
    """A contestant can't take part; says why."""


def python_of(contestant: Contestant) -> Path:
    """The interpreter that runs it.

    Raises:
        Unavailable: its packages can't be installed.
    """
    if not contestant.pins:
        return Path(sys.executable)
    place = CACHE / contestant.library
    python, note, wanted = place / "bin" / "python", place / "pins", "\n".join(contestant.pins)
    if python.exists() and note.exists() and note.read_text() == wanted:
        return python
    uv("venv", "--clear", "--python", sys.executable, str(place))
    install = ("pip", "install", "--python", str(python), *contestant.pins)
    try:
        uv(*install)
    except Unavailable:
        uv(*install, "--system-certs")  # for networks whose proxy signs with an authority that only the system knows
    note.write_text(wanted)
    return python


def uv(*words: str) -> None:
    """Run the uv of our own environment.

    Raises:
        Unavailable: it fails, or takes too long.
    """
    program = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    try:
        done = subprocess.run(
            [program, "--quiet", *words], capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"uv {words[0]}: {error}") from None
    if done.returncode:
        last = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no word why"]
        raise Unavailable(f"uv {words[0]}: {last[-1]}")
