"""README and schema come from values.yaml, and what they say about secrets is so."""

from __future__ import annotations

import json
import re

import pytest

from scripts.chart_docs import BEGIN, END, ValuesError, pages, read, schema, table
from tests.chart.rendering import CHART


def test_the_generated_pages_are_up_to_date() -> None:
    for path, text in pages(CHART).items():
        assert path.read_text() == text, f"{path.name} is out of date: run `make docs`"


def test_a_block_is_closed_and_a_free_map_is_not() -> None:
    values = read(
        "# -- A part.\na:\n  # -- How many,\n  # in words.\n  # @schema {minimum: 1}\n  b: 2\n"
        "  # -- Anything.\n  c: {}\n  # -- Whatever.\n  # @schema {type: object}\n  d:\n    e: {f: 1}\n"
    )
    part = json.loads(schema(values))["properties"]["a"]
    assert part == {
        "description": "A part.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "b": {"description": "How many, in words.", "type": "integer", "minimum": 1},
            "c": {"description": "Anything.", "type": "object"},
            "d": {"description": "Whatever.", "type": "object"},
        },
    }
    assert "| `a.d` | `{e: {f: 1}}` | Whatever. |" in table(values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n", "values.yaml:1: a has no description: write `# -- …` above it"),
        ("# -- A.\na:\n  b: 1\n", "values.yaml:3: a.b has no description: write `# -- …` above it"),
        ("# -- A.\na: null\n", "a is null: say its type with `# @schema {type: …}`"),
        ("# -- A.\n# @schema {x\na: 1\n", "values.yaml:3: the @schema of a can't be read"),
    ],
)
def test_a_value_outside_of_the_scheme_is_named(text: str, message: str) -> None:
    with pytest.raises(ValuesError, match=re.escape(message)):
        schema(read(text))


def test_the_readme_lists_the_keys_that_the_chart_makes() -> None:
    made = re.findall(r"^([a-z-]+): \d+$", (CHART / "templates" / "secrets.yaml").read_text(), re.MULTILINE)
    readme = (CHART / "README.md").read_text().partition(BEGIN)[0]
    rows = re.findall(r"^\| (`.*?`) \|", readme, re.MULTILINE)
    listed = {key for row in rows for key in re.findall(r"`([a-z-]+)`", row)}
    assert listed == {*made, "database-url"}
    assert set(re.findall(r"--from-literal=([a-z-]+)=", readme)) == listed
    assert END in (CHART / "README.md").read_text()
