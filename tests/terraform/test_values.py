"""What helm is handed: the chart takes it, and nothing of what was set is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scripts.terraform_docs import MODULE, parse, plain, variables
from tests.chart.rendering import template
from tests.terraform.naming import chart_path, chart_value
from tests.terraform.workspace import CHART

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terraform.workspace import Workspace


@pytest.fixture(scope="module")
def handed(workspace: Workspace) -> dict[str, list[Any]]:
    """What each run of values.tftest.hcl hands to helm, in order; every run must pass."""
    messages = workspace.tested("tests/values.tftest.hcl")
    failed = [
        each
        for each in messages
        if each.get("test_run", {}).get("status") not in (None, "pass") or each["@level"] == "error"
    ]
    assert failed == []
    found = {}
    for each in messages:
        for change in each.get("test_plan", {}).get("resource_changes", []):
            found[each["@testrun"]] = [yaml.safe_load(text) for text in change["change"]["after"]["values"]]
    assert len(found) == len(parse(MODULE / "tests" / "values.tftest.hcl")["run"])
    return found


def test_the_chart_takes_what_it_is_handed(handed: dict[str, list[Any]], tmp_path: Path) -> None:
    for name, values in handed.items():
        files = []
        for number, each in enumerate(values):
            files.append(tmp_path / f"{name}-{number}.yaml")
            files[-1].write_text(yaml.safe_dump(each))
        done = template(*(option for file in files for option in ("--values", str(file))))
        assert done.returncode == 0, f"{name}: {done.stderr}"


def test_every_value_that_is_handed_over_is_one_of_the_chart(handed: dict[str, list[Any]]) -> None:
    known = yaml.safe_load((CHART / "values.yaml").read_text())
    for typed, _ in handed.values():
        assert list(_unknown(typed, known)) == []


def _unknown(values: dict[str, Any], known: Any, prefix: str = "") -> list[str]:
    """Paths that values.yaml does not have; below a free map all are right."""
    found = []
    for key, value in values.items():
        path = f"{prefix}{key}"
        if key not in known:
            found.append(path)
        elif isinstance(value, dict) and known[key] and not path.endswith((".requests", ".limits", "labels")):
            found += _unknown(value, known[key], f"{path}.")
    return found


def test_every_attribute_is_handed_over(handed: dict[str, list[Any]]) -> None:
    """Each is set in some run to what is no default, and arrives under the chart's name for it."""
    missing = []
    for variable in variables():
        for path in _paths(variable.name, variable.attributes):
            if variable.name == "chart_registry":
                continue  # for helm itself, asserted in its run
            if not any(_has(typed, chart_path(path)) for typed, _ in handed.values()):
                missing.append(path)
    assert missing == []


def _paths(prefix: str, names: dict[str, Any]) -> list[str]:
    if not names:
        return [prefix] if "." in prefix else []
    return [path for name, below in names.items() for path in _paths(f"{prefix}.{name}", below)]


def _has(values: Any, path: str) -> bool:
    try:
        chart_value(values, path)
    except KeyError:
        return False
    return True


def test_what_is_set_arrives_unchanged(handed: dict[str, list[Any]]) -> None:
    """Beside the two tests above: no attribute arrives under another's name."""
    runs = {
        plain(name): block
        for each in parse(MODULE / "tests" / "values.tftest.hcl")["run"]
        for name, block in each.items()
    }
    looked = 0
    for name, block in runs.items():
        (given,) = block.get("variables", [{}])
        for path, value in _leaves(given):
            if isinstance(value, (int, str)) and "[" not in path and path.split(".")[0] in _typed():
                assert _text(chart_value(handed[name][0], chart_path(path))) == _text(value), f"{name}: {path}"
                looked += 1
    assert looked > 100


def _typed() -> set[str]:
    return {each.name for each in variables() if each.attributes and each.name != "chart_registry"}


def _leaves(given: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in given.items():
        path = f"{prefix}{plain(key)}"
        if isinstance(value, dict):
            # free maps have names of their own
            free = path.endswith(("labels", "annotations", "node_selector", "config"))
            found += [] if free else _leaves(value, f"{path}.")
        elif key != "__is_block__":
            found.append((path, value))
    return found


def _text(value: object) -> str:
    return str(value).strip('"').lower()
