"""`haven backup` and `haven restore`."""

# ruff: noqa: PLC0415 - commands import what they need, so that every other command starts quickly

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from app.usage import WrongUsage, strict

if TYPE_CHECKING:
    from typing import Any

_PATH: Final = click.Path(path_type=Path)
_FAILED, _REFUSED = 1, 2
_ENGINE: Final = click.option(
    "--engine", metavar="HOST:PORT|SOCKET", help="An empty server on this machine that loads it; else one is started."
)
_DATA: Final = click.option("--data", type=_PATH, default=".haven", envvar="HAVEN_DATA", help="Of the local stack.")


class Strict(click.Command):
    """Ends with 64 for a wrong command line: 2 says that a restore was refused."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the command line.

        Raises:
            WrongUsage: it is wrong.
        """
        with strict():
            return super().make_context(*args, **extra)


@click.command(cls=Strict)
@click.option("--out", type=_PATH, default=".haven/backups", show_default=True, help="A directory, or FILE.rdb.")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Remove all but the newest N from the directory.")
@click.option("--no-count", is_flag=True, help="Don't load it afterwards: not checked, not counted.")
@_ENGINE
@_DATA
def backup(out: Path, keep: int | None, engine: str | None, data: Path, *, no_count: bool) -> None:
    """Copy all that is in Redis at this moment, from a replica, to FILE.rdb and FILE.json.

    Exit code: 0 made, 1 not made and nothing left of it, 64 usage.
    """
    from app.backup.archive import prune
    from app.backup.make import make
    from app.backup.record import noted
    from app.local.target import find_target

    if keep and out.suffix == ".rdb":
        raise WrongUsage("--keep is for a directory: it removes only what `haven backup` named itself")
    config = find_target(data).config
    path, manifest = make(config, out, engine=engine, counted=not no_count, told=_say)
    counts = ", ".join(f"{number} {name}" for name, number in (manifest.groups or {}).items())
    click.echo(f"{path}: {manifest.size} bytes of {manifest.taken_at}, copied in {manifest.seconds:.1f} s")
    click.echo(f"  {counts or ('empty' if manifest.groups is not None else 'not counted')}")
    if why := noted(config, manifest):
        click.echo(f"  its age can't be watched, as it could not be noted in Redis: {why}", err=True)
    for gone in prune(out, keep) if keep else ():
        click.echo(f"  {gone} removed (--keep {keep})")


@click.command(cls=Strict)
@click.argument("file", type=_PATH)
@click.option(
    "--into-nonempty", type=click.Choice(["replace", "keep"]), help="Which wins: the backup, or what is there."
)
@click.option("--with-cache", is_flag=True, help="Bring cached values back too.")
@click.option("--dry-run", is_flag=True, help="Load and count it, look at the target, and write nothing.")
@_ENGINE
@_DATA
def restore(
    file: Path, into_nonempty: str | None, engine: str | None, data: Path, *, with_cache: bool, dry_run: bool
) -> NoReturn:
    """Bring a backup back: FILE.rdb, or the newest of a directory. Keys keep the time at which they end.

    Exit code: 0 all there, 1 failed or something is missing (begin again), 2 refused and nothing written, 64 usage.
    """
    from app.backup.bring import Refused, Wishes, bring
    from app.backup.table import lines
    from app.local.target import find_target

    wishes = Wishes(engine=engine, onto=into_nonempty, with_cache=with_cache, dry=dry_run)
    try:
        outcome = bring(find_target(data).config, file, wishes, _say, _progress)
    except Refused as error:
        click.echo(f"refused: {error}", err=True)
        sys.exit(_REFUSED)
    click.echo("\n".join(lines(outcome)))
    sys.exit(_FAILED if outcome.missing else 0)


def _say(what: str) -> None:
    click.echo(f"{what} …", err=True)


def _progress(number: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{number} keys", err=True, nl=False)
