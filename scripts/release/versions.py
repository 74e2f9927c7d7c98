"""The version, wherever it is written. Usage: python -m scripts.release.versions [VERSION]

Without an argument: do all places agree? With one, as a tag names it (v0.2.0 or 0.2.0): is that what would be released?
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import yaml

from scripts.release.notes import RELEASED, headings

ROOT = Path(__file__).parents[2]


def current(root: Path = ROOT) -> str:
    """The version of pyproject.toml, which the others follow."""
    found: str = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return found


def problems(root: Path = ROOT, wanted: str | None = None) -> list[str]:
    """Where it says something else, each with the remedy."""
    version = current(root)
    chart = yaml.safe_load((root / "charts" / "haven" / "Chart.yaml").read_text(encoding="utf-8"))
    lock = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))
    locked = next(package["version"] for package in lock["package"] if package["name"] == "haven")
    said = {
        "charts/haven/Chart.yaml: version": chart["version"],
        "charts/haven/Chart.yaml: appVersion": chart["appVersion"],
        "uv.lock (`uv lock`)": locked,
    }
    found = [
        f"{place} is {value}, pyproject.toml says {version}: make them the same"
        for place, value in said.items()
        if value != version
    ]
    known = headings((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if wanted is not None:
        if wanted != version:
            found.append(f"{wanted} is to be released, pyproject.toml says {version}: change it there, or the tag")
        if wanted not in known:
            found.append(f'CHANGELOG.md has no part "## [{wanted}] - YYYY-MM-DD": give it what is under "Unreleased"')
    released = [name for name in known if RELEASED.fullmatch(name)]
    if released and _numbers(released[0]) > _numbers(version):
        found.append(f"CHANGELOG.md tells of {released[0]}, pyproject.toml says {version}: make them the same")
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


if __name__ == "__main__":
    wrong = problems(wanted=sys.argv[1].removeprefix("v") if sys.argv[1:] else None)
    if wrong:
        sys.exit("\n".join(wrong))
