"""The pages, and what is written in them: blocks, links, headings, inline code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
_WHERE = ("*.md", "docs/**/*.md", "k8s/**/*.md", "charts/**/*.md", "terraform/**/*.md", ".github/**/*.md")
_FOLLOWED = {"docs/adopting.md"}
"""Run by tests of their own, from the first block to the last."""
_NOT_SAID = re.compile(r"[^\w\- ]")
_ID = re.compile(r"""\b(?:id|name)=["']([^"']+)["']""")
_SOURCE = re.compile(r"""\b(?:src|srcset|href)=["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        page: its page, relative to the root.
        line: of its fence.
        language: the first word behind the fence.
        home: the others: where it is run.
        text: what is in it.
    """

    page: str
    line: int
    language: str
    home: tuple[str, ...]
    text: str

    @property
    def at(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def info(self) -> str:
        return " ".join((self.language, *self.home))


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        name: relative to the root.
        blocks: in order.
        links: each with its line; images too.
        anchors: what a link to a place in it may name.
        code: what stands between backticks, each with its line.
    """

    name: str
    blocks: tuple[Block, ...]
    links: tuple[tuple[int, str], ...]
    anchors: frozenset[str]
    code: tuple[tuple[int, str], ...]
    text: str = field(repr=False)


@cache
def pages() -> tuple[Page, ...]:
    """All of them, by name."""
    found = {path.relative_to(ROOT) for where in _WHERE for path in ROOT.glob(where)}
    return tuple(read(name.as_posix(), (ROOT / name).read_text(encoding="utf-8")) for name in sorted(found))


def blocks(language: str, home: str) -> list[Block]:
    """Those of one home, page by page."""
    return [
        block
        for page in pages()
        for block in page.blocks
        if page.name not in _FOLLOWED and block.language == language and (*block.home, "")[0] == home
    ]


def read(name: str, text: str) -> Page:
    """Read a page."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    anchors: list[str] = []
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            anchors.append(_anchor(following, anchors))
    inner = list(_inner(tokens))
    html = [(line, token.content) for line, token in inner if token.type in {"html_block", "html_inline"}]
    links = [(line, str(token.attrs["href"])) for line, token in inner if token.type == "link_open"]
    links += [(line, str(token.attrs["src"])) for line, token in inner if token.type == "image"]
    links += [(line, target) for line, content in html for target in _SOURCE.findall(content)]
    return Page(
        name,
        tuple(_block(name, token) for token in tokens if token.type in {"fence", "code_block"}),
        tuple(links),
        frozenset((*anchors, *(found for _, content in html for found in _ID.findall(content)))),
        tuple((line, token.content) for line, token in inner if token.type == "code_inline"),
        text,
    )


def _inner(tokens: list[Token]) -> Iterator[tuple[int, Token]]:
    line = 0
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        yield line, token
        for child in token.children or []:
            yield line, child


def _block(name: str, token: Token) -> Block:
    language, *home = token.info.split() or [""]
    line = token.map[0] + 1 if token.map else 0
    return Block(name, line, language, tuple(home), token.content)


def _anchor(heading: Token, before: list[str]) -> str:
    """By GitHub's rule: small letters, no punctuation, a dash for a blank; a number for one that is there already."""
    words = "".join(child.content for child in heading.children or [] if child.type in {"text", "code_inline"})
    plain = _NOT_SAID.sub("", words.lower().strip()).replace(" ", "-")
    count = sum(1 for other in before if re.fullmatch(rf"{re.escape(plain)}(-\d+)?", other))
    return f"{plain}-{count}" if count else plain
