"""Every attempt that SECURITY.md lists is covered by a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.split("|")[1].strip()[:40])
def test_the_tests_of_an_attempt_are_there(row: str) -> None:
    named = re.findall(r"`([a-z_/]+\.py)(?:::(test_\w+))?`", row)
    assert named, "a line without a test"
    for file, test in named:
        text = (ROOT / "tests" / "integration" / file).read_text()
        assert not test or f"def {test}(" in text, f"{file} has no {test}"
