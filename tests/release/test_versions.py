"""One version everywhere, and a changelog and upgrade notes that can be cut by version."""

from __future__ import annotations

import re
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from scripts.release import notes, versions
from tests.release.surroundings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHANGELOG = """# Changelog

## [Unreleased]

### Added

- More.

## [1.1.0] - 2026-01-02

### Fixed

- A thing.

## [1.0.0] - 2026-01-01

- The first.
"""
PLACES = ("pyproject.toml", "uv.lock", "CHANGELOG.md", "charts/haven/Chart.yaml")
VERSION = versions.current()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The places of the version, elsewhere."""
    for name in PLACES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(file: Path, former: str, new: str) -> None:
    text = file.read_text()
    assert former in text
    file.write_text(text.replace(former, new))


def test_every_place_agrees() -> None:
    assert versions.problems() == []


@pytest.mark.parametrize(
    ("place", "line", "told"),
    [
        ("charts/haven/Chart.yaml", "\nversion: {}", "Chart.yaml: version is 9.9.9"),
        ("charts/haven/Chart.yaml", "\nappVersion: {}", "Chart.yaml: appVersion is 9.9.9"),
        ("uv.lock", 'name = "haven"\nversion = "{}"', "uv.lock (`uv lock`) is 9.9.9"),
    ],
)
def test_a_place_that_says_something_else_is_named(copy: Path, place: str, line: str, told: str) -> None:
    change(copy / place, line.format(VERSION), line.format("9.9.9"))
    (problem,) = versions.problems(copy)
    assert told in problem
    assert f"pyproject.toml says {VERSION}" in problem


def test_a_release_wants_its_part_of_the_changelog_and_its_number(copy: Path) -> None:
    told = versions.problems(copy, "9.9.9")
    assert any("9.9.9 is to be released" in each for each in told)
    assert any('no part "## [9.9.9] - YYYY-MM-DD"' in each for each in told)
    change(copy / "CHANGELOG.md", "## [Unreleased]\n", f"## [Unreleased]\n\n## [{VERSION}] - 2026-11-26\n")
    assert versions.problems(copy, VERSION) == []


def test_a_changelog_ahead_of_the_version_is_told(copy: Path) -> None:
    change(copy / "CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n## [10.0.0] - 2026-11-26\n")
    (problem,) = versions.problems(copy)
    assert "CHANGELOG.md tells of 10.0.0" in problem


def test_a_part_is_what_stands_under_its_heading() -> None:
    assert notes.headings(CHANGELOG) == ["Unreleased", "1.1.0", "1.0.0"]
    assert notes.part(CHANGELOG, "1.1.0") == "### Fixed\n\n- A thing."
    assert notes.part(CHANGELOG, "1.0.0") == "- The first."
    assert notes.part(CHANGELOG, "2.0.0") == ""


def test_the_notes_of_a_version_have_the_way_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    way = "# Upgrading\n\n## From 1.0 to 1.1\n\nDo this.\n\n## From 0.9 to 1.0\n\nDo that.\n"
    assert notes.upgrade(way, "1.1.0") == "Do this."
    assert notes.upgrade(way, "1.1.3") == ""
    assert notes.upgrade(way, "1.2.0") == ""
    notes.main("Unreleased")
    assert capsys.readouterr().out.startswith("### Added\n")
    with pytest.raises(SystemExit, match=r"says nothing of '9\.9\.9': it knows Unreleased"):
        notes.main("9.9.9")


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    second_level = re.findall(r"^## .*$", text, re.MULTILINE)
    assert second_level[0] == "## [Unreleased]"
    assert all(re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", line) for line in second_level[1:])
    assert notes.headings(text) == sorted(notes.headings(text), key=_age)
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert re.findall(r"(?m)^(?!#).+\n\n- .*", text) == [], "an empty line within a list"


def _age(name: str) -> list[int]:
    return [-1_000_000] if name == "Unreleased" else [-int(part) for part in name.split(".")]


def test_the_upgrade_notes_go_from_one_minor_version_to_the_next_without_a_gap() -> None:
    steps = re.findall(r"^## From (\S+) to (\S+)$", (ROOT / "UPGRADE.md").read_text(), re.MULTILINE)
    assert steps
    for (newer, _), (_, older) in pairwise(steps):
        assert newer == older


def test_every_migration_of_the_schema_is_in_the_upgrade_notes() -> None:
    text = (ROOT / "UPGRADE.md").read_text()
    files = sorted((ROOT / "app" / "db" / "migrations" / "versions").glob("r[0-9]*.py"))
    revisions = [file.name[1:5] for file in files][1:]  # the first is the installation
    assert revisions
    assert [each for each in revisions if f"`{each}`" not in text] == []


def test_what_a_changelog_calls_begun_anew_is_in_the_upgrade_notes() -> None:
    """Entries with these words want something done: an upgrade note must speak of it."""
    text = (ROOT / "UPGRADE.md").read_text()
    entries = notes.part((ROOT / "CHANGELOG.md").read_text(), "Unreleased").split("\n- ")
    renamed = [found for entry in entries for found in re.findall(r"(`[^`]+`)\s+is\s+now\s", entry)]
    assert renamed
    assert [name for name in renamed if name not in text] == []
