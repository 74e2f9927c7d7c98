"""Blocks for a checkout in which nothing runs: a copy for each page, blocks in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import blocks, read
from tests.docs.shells import environment, make_desk, run, unlike, write_files

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = blocks("sh", "desk")


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS}))
def test_the_blocks_of_a_page_do_what_it_says(page: str, tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "haven")
    write_files(page, desk)
    for block in BLOCKS:
        if block.page == page:
            run(block, block.text, desk, environment(desk))


def test_a_block_stops_at_its_first_error_and_shows_it(tmp_path: Path) -> None:
    (block,) = read("README.md", "```sh desk\necho before\nls gone | cat\necho after\n```\n").blocks
    with pytest.raises(AssertionError, match=r"README.md:1: exit code 2 of[^$]*before\n[^$]*gone"):
        run(block, block.text, tmp_path, environment(tmp_path))


def test_to_find_nothing_is_no_error_and_a_missing_file_is(tmp_path: Path) -> None:
    (block,) = read("README.md", "```sh desk\n\n```\n").blocks
    run(block, "grep x /dev/null | tail", tmp_path, environment(tmp_path))
    with pytest.raises(AssertionError, match="exit code 1"):
        run(block, "grep x /dev/null/gone", tmp_path, environment(tmp_path))


def test_what_a_page_shows_as_output_is_compared_without_its_figures() -> None:
    printed = "redis-1   primary  127.0.0.1:7001\nredis-2   replica  lag 0.12 s\n"
    assert unlike("redis-1 primary 127.0.0.1:6379\n…\nredis-2 replica lag 1 s\n", printed) is None
    assert unlike("redis-2 replica …", printed) is None
    assert unlike("redis-2 sentinel", printed) == "redis-2 sentinel"
    assert unlike("redis-2 replica\nredis-1 primary", printed) == "redis-1 primary"
