"""Write docs/commands.md from the commands of `haven` and of make. Usage: commands_reference.py [--check]"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from app.cli import main
from scripts.generated import settle

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "commands.md"
HEAD: Final = """# Commands

`haven` is every process and every tool of Haven: `.venv/bin/haven` in a checkout, on the path of its containers. It
works on the stack of `make up` if one runs in `--data` (or `HAVEN_DATA`, by default `.haven`), else on what the
environment configures ([settings](settings.md)). `--help` shows the same. This page is made from `app/cli.py` and the
Makefile by `make docs`.
"""
_TARGET: Final = re.compile(r"^([a-z0-9-]+):.*## (.*)$", re.MULTILINE)


def commands(command: click.Command = main, name: str = "haven") -> Iterator[tuple[str, click.Command]]:
    """Every command that is for people, by its whole name, groups left away."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    for word, below in sorted(command.commands.items()):
        if not below.hidden:
            yield from commands(below, f"{name} {word}")


def targets() -> dict[str, str]:
    """What `make` alone lists."""
    return dict(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


def described(name: str, command: click.Command) -> Iterator[str]:
    """A command's part of the page."""
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    help_text = inspect.cleandoc(command.help or "").partition("\f")[0]
    yield from (f"## {name}", "", f"`{name} {usage}`", "", help_text, "")
    options = [
        option for option in command.params if isinstance(option, click.Option) and not option.hidden and option.help
    ]
    if options:
        yield from ("| option | meaning |", "|---|---|")
        for option in options:
            written, meaning = option.get_help_record(context) or ("", "")
            yield f"| `{_plain(written)}` | {_plain(meaning)} |"
        yield ""


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def render() -> str:
    """The whole page."""
    lines = [HEAD]
    for name, command in commands():
        lines += described(name, command)
    lines += ["## make", "", "`ARGS='…'` hands options on: `make up ARGS='--demo'`.", "", "| target | |", "|---|---|"]
    lines += [f"| `make {target}` | {_plain(meaning)} |" for target, meaning in targets().items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    settle(PAGE, render())
