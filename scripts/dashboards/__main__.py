"""Write the dashboards that the chart ships. Usage: python -m scripts.dashboards [--check]"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from scripts.dashboards import drills, overview, patterns, redis, tasks

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

ROOT: Final = Path(__file__).parents[2]
DIRECTORY: Final = ROOT / "charts" / "haven" / "files" / "dashboards"


def pages() -> dict[Path, str]:
    """The files with what they should hold."""
    made = (overview.dashboard(), redis.dashboard(), tasks.dashboard(), patterns.dashboard(), drills.dashboard())
    return {DIRECTORY / f"{each.uid}.json": text(each) for each in made}


def text(dashboard: Dashboard) -> str:
    """A dashboard as it is imported."""
    return JSONEncoder(indent=1, sort_keys=True, ensure_ascii=False).encode(dashboard) + "\n"


def main(*, check: bool) -> None:
    """Write the files, or say which are out of date."""
    found = pages()
    there = {path: path.read_text(encoding="utf-8") for path in DIRECTORY.glob("*.json")}
    stale = sorted(path for path in there.keys() | found.keys() if there.get(path) != found.get(path))
    if check and stale:
        sys.exit(f"{', '.join(str(path.relative_to(ROOT)) for path in stale)}: out of date: run `make docs`")
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for path in stale:
        if path in found:
            path.write_text(found[path], encoding="utf-8")
        else:
            path.unlink()


if __name__ == "__main__":
    main(check="--check" in sys.argv)
