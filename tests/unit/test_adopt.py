"""What `make adopt` refuses, and what it leaves; tests/docs/test_adopting.py does the whole of it."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.adopt import RefusedError, adopt, example_tests

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for place in ("app", "tests/unit/example", "tests/integration/api"):
        shutil.copytree(ROOT / place, tmp_path / place, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "make adopt NAME=notes"),
        ("Notes", "small letters"),
        ("class", "can't name a package"),
        ("../notes", "can't name a package"),
        ("cache", "app/cache is a part of Haven"),
        ("config", "app/config is a part of Haven"),
    ],
)
def test_a_name_that_can_not_be_taken_changes_nothing(checkout: Path, name: str, said: str) -> None:
    before = files(checkout)
    with pytest.raises(RefusedError, match=said):
        adopt(checkout, name)
    assert files(checkout) == before


def test_what_is_not_committed_is_not_mixed_with_it(checkout: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(checkout)], check=True)  # noqa: S607 - the developer's git
    with pytest.raises(RefusedError, match="not committed"):
        adopt(checkout, "notes")


def test_it_can_not_be_done_twice(checkout: Path) -> None:
    adopt(checkout, "notes")
    with pytest.raises(RefusedError, match="adopted already"):
        adopt(checkout, "shop")


def test_nothing_names_the_example_any_more_and_every_seam_is_there(checkout: Path) -> None:
    seams = {path.name for path in (checkout / "app" / "example").iterdir() if path.name in SEAMS}
    adopt(checkout, "notes")
    assert seams == SEAMS
    assert {path.name for path in (checkout / "app" / "notes").iterdir()} == SEAMS
    left = [path for path, text in files(checkout).items() if b"app.example" in text or b"app/example" in text]
    assert not left
    assert 'TITLE: Final = "Notes"' in (checkout / "app" / "notes" / "__init__.py").read_text()


def test_tests_of_the_example_go_and_others_stay(checkout: Path) -> None:
    adopt(checkout, "notes")
    left = {path.name for path in (checkout / "tests").rglob("test_*.py")}
    assert "test_products.py" not in left
    assert {"test_auth.py", "test_pages.py"} <= left


def test_no_test_that_stays_needs_what_went() -> None:
    """By the imports of the tests, and of what they import from beside them."""
    tests = ROOT / "tests"
    gone = example_tests(ROOT)
    stay = [path for path in tests.rglob("test_*.py") if not any(path.is_relative_to(place) for place in gone)]
    wrong = {str(path): names for path in (*stay, *tests.rglob("conftest.py")) if (names := needs(path, set()))}
    assert not wrong


def needs(path: Path, seen: set[Path]) -> set[str]:
    """What a module of the tests imports of the example, by itself or by another one."""
    seen.add(path)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if module.startswith("app.example"):
            found.add(module)
        for name in (module, *(f"{module}.{each.name}" for each in getattr(node, "names", []))):
            other = ROOT / f"{name.replace('.', '/')}.py"
            if name.startswith("tests.") and other.exists() and other not in seen:
                found |= needs(other, seen)
    return found


SEAMS = {
    "__init__.py", "data.py", "events.py", "journeys.py", "models.py", "smoke.py", "tasks.py", "views.py",
}  # fmt: skip
