"""Every line of docs/guarantees.md names tests that are there, and drills that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.drill import catalog

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "guarantees.md").read_text()
TABLE = TEXT[TEXT.index("| failure |") : TEXT.index('"Promised" is')].strip().splitlines()[2:]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.split("|")[1].strip()[:40])
def test_the_tests_and_drills_of_a_guarantee_are_there(row: str) -> None:
    *_, tests, drills, _ = row.split("|")
    named = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", tests)
    assert len(named) == tests.count("::") > 0, "a line without a test"
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(), f"{file} has no {test}"
    assert set(re.findall(r"`([a-z-]+)`", drills)) <= set(catalog.names())


PROMISES = [
    (float(seconds), drill)
    for row in TABLE
    for seconds in re.findall(r"^([\d.]+) s\b", row.split("|")[2].strip())
    for drill in re.findall(r"`([a-z-]+)`", row.split("|")[6])[:1]
]


@pytest.mark.parametrize(("seconds", "drill"), PROMISES, ids=[drill for _, drill in PROMISES])
def test_a_promise_is_what_its_drill_expects(seconds: float, drill: str) -> None:
    expected = catalog.find(drill).expect["write_gap_seconds"]
    assert expected.most == seconds


def test_every_drill_rehearses_a_guarantee() -> None:
    elsewhere = {"sentinel-loss", "dns-outage"}  # docs/failure-modes.md: nobody notices the one, the other is no Redis
    named = {name for row in TABLE for name in re.findall(r"`([a-z-]+)`", row)}
    assert set(catalog.names()) - named == elsewhere
