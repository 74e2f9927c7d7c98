"""docs/adopting.md, followed word by word: its files are written and its commands run, in the order of the page."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.docs.conftest import StackOfReaders
from tests.docs.pages import Block, pages
from tests.docs.shells import environment, make_desk, run

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = [block for page in pages() if page.name == "docs/adopting.md" for block in page.blocks]


def write(block: Block, desk: Path) -> None:
    path = desk / block.home[1]
    assert path.parent.is_dir(), f"{block.at}: there is no place for {block.home[1]}"
    path.write_text(block.text)


def follow(block: Block, desk: Path, stack: StackOfReaders, running: ExitStack) -> str:
    if block.text == "make up\n":
        running.enter_context(stack).wait_healthy(60)
        return ""
    address = f" --url {stack.url}" if "haven smoke" in block.text else ""
    return run(block, block.text.rstrip() + address, desk, environment(desk))


@pytest.mark.stack
def test_an_application_of_ones_own_takes_the_examples_place(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "haven")
    stack, said = StackOfReaders(desk), ""
    with ExitStack() as running:
        for block in BLOCKS:
            if block.home[0] == "file":
                write(block, desk)
            else:
                said += follow(block, desk, stack, running)
    assert "ok      note " in said  # `haven smoke` tried the new application
    assert not (desk / "app" / "example").exists()
    ours = ["app/notes", "app/db/migrations", "tests/integration/api/test_notes.py"]
    for command in (["ruff", "check", *ours], ["ruff", "format", "--check", *ours]):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=desk,
            env=environment(desk),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
