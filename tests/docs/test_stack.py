"""Blocks for a running stack: `make up` starts one for all of them, and each page leaves it healthy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs import standins
from tests.docs.pages import blocks
from tests.docs.shells import run, shown_below, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.conftest import StackOfReaders
    from tests.docs.pages import Block

pytestmark = pytest.mark.stack

RUNBOOKS = "docs/runbooks/"
BLOCKS = blocks("sh", "stack")
SEEN: set[str] = set()
"""Lines that have been run and need no second time: they look only, or take long."""
_ONCE = re.compile(r"(haven (status|doctor|drill|tasks (queues|list|dead list))|make status|df|tail|grep)\b")


def not_yet_run(block: Block) -> str:
    """The lines that are new: the diagnosis of many runbooks is the same."""
    lines = [line.removeprefix(".venv/bin/") for line in block.text.splitlines()]
    new = [line for line in lines if line not in SEEN]
    SEEN.update(line for line in new if _ONCE.match(line) and not line.endswith("\\"))
    return "\n".join(new) if not shown_below(block) else block.text


@pytest.fixture(autouse=True)
def _healthy(stack: StackOfReaders) -> Iterator[None]:
    yield
    stack.wait_healthy(60)


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if not block.page.startswith(RUNBOOKS)}))
def test_the_blocks_of_a_page_do_what_it_says(page: str, stack: StackOfReaders) -> None:
    write_files(page, stack.desk)
    for block in BLOCKS:
        if block.page == page:
            run_new_lines(block, stack)


def test_the_diagnosis_of_the_runbooks_works(stack: StackOfReaders) -> None:
    for block in BLOCKS:
        if block.page.startswith(RUNBOOKS):
            run_new_lines(block, stack)


def run_new_lines(block: Block, stack: StackOfReaders) -> None:
    text = not_yet_run(block)
    if text:
        run(block, standins.on_stack(text, stack), stack.desk, stack.environment)


def test_the_readme_begins_with_one_command() -> None:
    assert "README.md" in {block.page for block in blocks("sh", "up")}
