"""Put an application of your own in the example's place: ``make adopt NAME=notes``.

It removes ``app/example`` with the tests that are about it, and leaves ``app/NAME``: every part of which the rest of
Haven knows, and nothing in it. docs/adopting.md says how to go on.
"""

import keyword
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SKELETON: Final = Path(__file__).with_name("skeleton")
NAMES_IT: Final = ("app", "docs", "scripts", "tests", "CONTRIBUTING.md")
"""Where the example is named by its place."""
TEXTS: Final = {".py", ".md", ".html", ".toml"}
GONE: Final = ("tests/unit/example", "tests/docs/test_adopting.py")
"""Tests of the example; others go if they use what only the example has."""
DRIVES: Final = re.compile(r"/api/(products|messages|reports|search|tasks)\b|/posts\b|\b(generate_report|send_email)\b")
IMPORTS: Final = re.compile(r"^\s*(from|import) app\.example\b", re.MULTILINE)


class RefusedError(Exception):
    """Nothing was changed."""


def main() -> None:
    """Do it, or say why not."""
    try:
        adopt(ROOT, sys.argv[1] if len(sys.argv) > 1 else "")
    except RefusedError as reason:
        sys.exit(f"nothing was changed: {reason}")


def adopt(root: Path, name: str) -> None:
    """Replace the example.

    Args:
        root: the checkout.
        name: of the package that takes its place.

    Raises:
        RefusedError: says what to do.
    """
    _check(root, name)
    example, own = root / "app" / "example", root / "app" / name
    gone = example_tests(root)
    shutil.copytree(SKELETON, own, ignore=shutil.ignore_patterns("__pycache__"))
    own.joinpath("__init__.py").write_text(_seams(example.joinpath("__init__.py").read_text(), name))
    shutil.rmtree(example)
    for test in gone:
        shutil.rmtree(test) if test.is_dir() else test.unlink()
    _rename(root, name)
    say = sys.stdout.write
    say(f"app/{name} has taken the place of app/example: each file in it says what it is for.\n")
    say(f"{len(gone)} tests of the example went; how to go on: docs/adopting.md\n")


def _check(root: Path, name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name) or keyword.iskeyword(name):
        raise RefusedError(f"NAME={name!r} can't name a package: give small letters, digits, _ (make adopt NAME=notes)")
    if not (root / "app" / "example").is_dir():
        raise RefusedError("there is no app/example: it has been adopted already")
    if (root / "app" / name).exists() or (root / "app" / f"{name}.py").exists():
        raise RefusedError(f"app/{name} is a part of Haven: give NAME another value")
    if (root / ".git").exists():
        asked = ["git", "status", "--porcelain"]
        told = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
        if told.stdout:
            raise RefusedError("something is not committed: commit it, so that `git diff` shows what this does")


def example_tests(root: Path) -> list[Path]:
    """Those of the example, and those that need what only the example has."""
    gone = [root / place for place in GONE if (root / place).exists()]
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text()
        if not any(path.is_relative_to(place) for place in gone) and (IMPORTS.search(text) or DRIVES.search(text)):
            gone.append(path)
    return gone


def _seams(text: str, name: str) -> str:
    """What the rest knows of an application stays written at its top."""
    title = name.replace("_", " ").capitalize()
    text = re.sub(r'\A""".*?\n\n', f'"""{title}.\n\n', text, flags=re.DOTALL)
    for constant, value in (("TITLE", title), ("ABOUT", f"{title}, made with Haven."), ("TRY", "/api/users/1")):
        text = re.sub(rf"^{constant}: Final = .*$", f'{constant}: Final = "{value}"', text, flags=re.MULTILINE)
    return text


def _rename(root: Path, name: str) -> None:
    for path in (path for place in NAMES_IT for path in (root / place, *(root / place).rglob("*"))):
        if path.suffix not in TEXTS or path == root / "scripts" / "adopt.py" or not path.is_file():
            continue
        text = path.read_text()
        changed = re.sub(r"\bapp([./])example\b", rf"app\1{name}", text)
        changed = re.sub(r"\bfrom app import example\b", f"from app import {name}", changed)
        if changed != text:
            path.write_text(changed)


if __name__ == "__main__":
    main()
