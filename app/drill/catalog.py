"""Which experiments there are: those that come along, and a user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.drill.experiment import Experiment, read
from app.errors import ExperimentError

BUILT_IN: Final = Path(__file__).with_name("experiments")
_END: Final = ".toml"


def names() -> list[str]:
    """The names of those that come along."""
    return sorted(path.stem for path in BUILT_IN.glob(f"*{_END}"))


def everything(directory: Path | None = None) -> list[Experiment]:
    """Those that come along, and the files of a directory; one of the same name takes the place of ours.

    Raises:
        ExperimentError: one of them can't be used, or there is no such directory.
    """
    if directory is not None and not directory.is_dir():
        raise ExperimentError(f"--dir={directory}: there is no such directory")
    places = [BUILT_IN, directory] if directory else [BUILT_IN]
    found = {path.stem: path for place in places for path in sorted(place.glob(f"*{_END}"))}
    return [read(path) for _, path in sorted(found.items())]


def find(name: str, directory: Path | None = None) -> Experiment:
    """One by its name, or by the path of its file.

    Raises:
        ExperimentError: there is none, or it can't be used.
    """
    if name.endswith(_END) or "/" in name:
        return read(Path(name))
    for experiment in everything(directory):
        if experiment.name == name:
            return experiment
    raise ExperimentError(f"no drill is called {name!r}: there are {', '.join(names())}; or give the path of a file")
