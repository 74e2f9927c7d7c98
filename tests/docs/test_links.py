"""Every link leads somewhere, and every page is led to. Nothing is fetched: of the others the address is looked at."""

from __future__ import annotations

from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import ROOT, Page, pages, read

PAGES = {page.name: page for page in pages()}
STARTS = ("README.md", "docs/README.md")
LOOPBACK = ("localhost", "127.0.0.1")
NOT_LISTED = {"CHANGELOG.md", "LICENSE"}
"""Found by their names alone."""


def leads_to(page: Page, target: str) -> tuple[str, str]:
    """The file and the anchor that a relative link names."""
    path, _, anchor = unquote(target).partition("#")
    return normpath(join(dirname(page.name), path)) if path else page.name, anchor


def wrong_links(page: Page) -> list[str]:
    """What is wrong with the links of a page."""
    found = []
    for line, target in page.links:
        at = f"{page.name}:{line}: {target}"
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            fine = parts.hostname and (parts.scheme == "https" or parts.hostname in LOOPBACK)
            found += [] if fine or parts.scheme == "mailto" else [f"{at} is not https"]
            continue
        path, anchor = leads_to(page, target)
        if path.startswith("..") or not (path == page.name or (ROOT / path).exists()):
            found.append(f"{at}: there is no {path}")
        elif anchor and path in PAGES | {page.name: page} and anchor not in (PAGES | {page.name: page})[path].anchors:
            found.append(f"{at}: {path} has no heading for #{anchor}")
        elif anchor and not path.endswith(".md"):
            found.append(f"{at}: only pages have headings")
    return found


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    assert wrong_links(PAGES[name]) == []


@pytest.mark.parametrize(
    "target",
    ["gone.md", "README.md#gone", "#gone", "../outside.md", "http://example.com/", "https:///path", "app#x"],
)
def test_a_link_that_leads_nowhere_is_named_with_its_line(target: str) -> None:
    (said,) = wrong_links(read("some.md", f"# Here\n\n[a]({target}) [b](#here) [c](README.md#start)\n"))
    assert said.startswith(f"some.md:3: {target}")


def test_pictures_in_html_are_links_too() -> None:
    (said,) = wrong_links(read("some.md", '<picture><img src="docs/images/gone.png"></picture>\n'))
    assert "docs/images/gone.png" in said


def reached(name: str) -> set[str]:
    """The pages that a page links to; a directory counts as its README."""
    targets = {leads_to(PAGES[name], target)[0] for _, target in PAGES[name].links if not urlsplit(target).scheme}
    return {page for target in targets for page in (target, f"{target}/README.md") if page in PAGES}


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, todo = set[str](), ["README.md"]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += reached(name)
    assert not PAGES.keys() - seen - NOT_LISTED, "no page links to these: add them to docs/README.md"


def test_the_entrance_of_docs_lists_its_pages() -> None:
    listed = set().union(*(reached(name) for name in STARTS))
    directly = {name for name in PAGES if name.startswith("docs/") and name.count("/") == 1}
    assert not directly - listed - {"docs/README.md"}, "add these to docs/README.md"
