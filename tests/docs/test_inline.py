"""A command between backticks is one that exists, with its options."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from app.cli import main
from scripts.commands_reference import targets
from tests.docs.pages import pages

NOT_OURS = {"CHANGELOG.md"}
"""It speaks of what was."""
_HAVEN = re.compile(r"(?:^|-- )(?:\.venv/bin/)?haven (?P<words>[a-z-].*)$")
_MAKE = re.compile(r"^make(?P<words>( [a-z0-9-]+)+)")


def wrong_command(code: str) -> str | None:
    """What is wrong with a `haven …` or `make …`; None for other code."""
    made = _MAKE.match(code)
    if made:
        unknown = [word for word in made["words"].split() if word not in targets()]
        return f"make has no target {unknown[0]}" if unknown else None
    found = _HAVEN.search(code)
    return _wrong_words(found["words"].replace("…", "").replace("'", "")) if found else None


def _wrong_words(text: str) -> str | None:
    command: click.Command = main
    name = "haven"
    words = shlex.split(re.split(r"[;|#>&]", text)[0])
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        word = words.pop(0)
        if word not in command.commands:
            return f"{name} has no command {word}"
        command, name = command.commands[word], f"{name} {word}"
    known = {option for parameter in command.params for option in parameter.opts} | {"-h", "--help"}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"{name} has no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("name", [page.name for page in pages() if page.name not in NOT_OURS])
def test_the_commands_that_a_page_names_exist(name: str) -> None:
    (page,) = (page for page in pages() if page.name == name)
    said = [(f"{name}:{line}: `{code}`", wrong_command(code)) for line, code in page.code]
    assert [(at, wrong) for at, wrong in said if wrong] == []


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("haven fly", "haven has no command fly"),
        ("haven tasks fly", "haven tasks has no command fly"),
        (".venv/bin/haven up --fast", "haven up has no option --fast"),
        ("kubectl exec deploy/haven-web -- haven status --xml", "haven status has no option --xml"),
        ("make fly", "make has no target fly"),
        ("make check fly", "make has no target fly"),
        ("haven tasks list --status running", None),
        ("make up ARGS='--demo'", None),
        ("haven_store_errors_total", None),
        ("helm install haven charts/haven", None),
    ],
)
def test_one_that_does_not_exist_is_named(code: str, wrong: str | None) -> None:
    assert wrong_command(code) == wrong
