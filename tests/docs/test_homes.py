"""Every block says where it is run; what is run nowhere is on a short list with its reason."""

from __future__ import annotations

import pytest

from tests.docs.elsewhere import ELSEWHERE, MOST
from tests.docs.pages import Block, pages, read

HOMES = {
    "sh": {"desk", "up", "stack", "cluster", "terraform", "adopt", "elsewhere"},
    "python": {"", "file"},
    "yaml": {"values", "file"},
    "toml": {"file"},
    "json": {"file"},
    "hcl": {""},
    "text": {"", "output"},
}
MORE = {("cluster", "full"), ("cluster", "new")}
REMEDY = "mark it as tests/docs/test_homes.py lists (```sh stack), see CONTRIBUTING.md"
BLOCKS = [block for page in pages() for block in page.blocks]


def wrong(block: Block) -> str | None:
    """What is wrong with how a block is marked."""
    home = block.home[0] if block.home else ""
    if home not in HOMES.get(block.language, ()):
        known = ", ".join(f"{block.language} {each}".strip() for each in sorted(HOMES.get(block.language, HOMES)))
        return f"{block.at}: a block marked {block.info!r} has no home; {REMEDY}. Known: {known}"
    if home == "file" and len(block.home) != 2:
        return f"{block.at}: name one file, as in `{block.language} file shop.{block.language}`"
    if len(block.home) > 1 and home != "file" and block.home not in MORE:
        return f"{block.at}: {block.info!r} has a word too many"
    if block.info == "sh up" and block.text != "make up\n":
        return f"{block.at}: `sh up` is `make up` alone, which starts the stack; the rest is `sh stack`"
    return None


def first_line(block: Block) -> str:
    return block.text.partition("\n")[0]


@pytest.mark.parametrize("block", BLOCKS, ids=[block.at for block in BLOCKS])
def test_a_block_has_a_home(block: Block) -> None:
    assert wrong(block) is None, wrong(block)


@pytest.mark.parametrize(
    "fence", ["```", "```sh", "```sh nowhere", "```console", "```yaml", "```sh up", "    indented"]
)
def test_one_without_a_home_is_named_with_the_remedy(fence: str) -> None:
    (block,) = read("some.md", f"# T\n\n{fence}\nhaven status\n" + ("```\n" if "`" in fence else "")).blocks
    said = wrong(block)
    assert said is not None
    assert said.startswith("some.md:3: ")
    assert "`" in said


def test_what_is_run_nowhere_is_a_short_list_of_blocks_that_exist() -> None:
    marked = {(block.page, first_line(block)): block.at for block in BLOCKS if block.info == "sh elsewhere"}
    without_reason = {at for key, at in marked.items() if key not in ELSEWHERE}
    assert not without_reason, f"give a reason in tests/docs/elsewhere.py, or better run: {without_reason}"
    assert not ELSEWHERE.keys() - marked.keys(), "these are gone: remove them from tests/docs/elsewhere.py"
    assert len(ELSEWHERE) <= MOST
    assert all(ELSEWHERE.values())
