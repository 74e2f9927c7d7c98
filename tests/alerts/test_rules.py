"""The alerts that the chart ships: each is tried by promtool, can be looked up, and asks for metrics that there are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from click.testing import CliRunner
from prometheus_client import Counter, Gauge, Histogram

from app.cli import main
from app.ops import metrics
from scripts.dashboards import queries

ROOT: Final = Path(__file__).parents[2]
RULES: Final = sorted((ROOT / "charts/haven/files/alerts").glob("*.yaml"))
CASES: Final = sorted((ROOT / "tests/alerts/rules").glob("*.yaml"))
RUNBOOKS: Final = ROOT / "docs/runbooks"
SECTIONS: Final = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Rehearsed by"]
STEP: Final = 15
"""Seconds between two evaluations in the tests: silent at one and firing at the next is the boundary."""
ALERTS: Final[list[dict[str, Any]]] = [
    rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
]
NAMES: Final = sorted({rule["alert"] for rule in ALERTS})
TESTS: Final[list[dict[str, Any]]] = [test for path in CASES for test in yaml.safe_load(path.read_text())["tests"]]
_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
each_rule = pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
each_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool") or shutil.which(ROOT / ".cache/servers/promtool")
    if not found:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("no promtool on PATH: make servers (on Debian and its kin), or install prometheus")
    return found


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_rules(promtool: str) -> None:
    run(promtool, "check", "rules", *RULES)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_alerts_fire_and_stay_silent_when_they_should(promtool: str, path: Path) -> None:
    run(promtool, "test", "rules", path)


def test_every_file_of_rules_is_tried() -> None:
    tried = {
        (path.parent / rules).resolve() for path in CASES for rules in yaml.safe_load(path.read_text())["rule_files"]
    }
    assert tried == set(RULES)


@each_rule
def test_an_alert_is_tried_on_both_sides_of_its_boundary(rule: dict[str, Any]) -> None:
    for test in _tests(rule["alert"]):
        checks = sorted((seconds(check["eval_time"]), check["exp_alerts"]) for check in test["alert_rule_test"])
        for (before, silent), (at, firing) in pairwise(checks):
            if not silent and at - before == STEP and _severities(firing) == {rule["labels"]["severity"]}:
                return
    pytest.fail(f"no test of {rule['alert']} is silent at one evaluation and firing at the next")


@each_name
def test_an_alert_is_tried_with_nothing_wrong_and_with_nothing_known(name: str) -> None:
    used = {metric for rule in ALERTS if rule["alert"] == name for metric in asked(rule["expr"])}
    known = [any(_metric(series) in used for series in test["input_series"]) for test in _tests(name) if _silent(test)]
    assert True in known
    # that nobody is asked for metrics is what this one is about
    assert False in known or name == "HavenMetricsMissing"


@each_rule
def test_an_expected_annotation_is_written_out(rule: dict[str, Any]) -> None:
    checks = [check for test in _tests(rule["alert"]) for check in test["alert_rule_test"]]
    for alert in [alert for check in checks for alert in check["exp_alerts"]]:
        assert alert["exp_annotations"].keys() == rule["annotations"].keys()
        assert "{{" not in json.dumps(alert)


@each_rule
def test_an_alert_says_what_to_do_and_where_to_look(rule: dict[str, Any]) -> None:
    assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"})
    assert seconds(rule["for"]) >= 60  # more than two scrapes, whatever hiccups
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert notes["runbook_url"] == f"https://example.com/haven/runbooks/{rule['alert']}.md"
    assert "$value" in notes["description"]
    found = re.fullmatch(r"https://example\.com/grafana/d/([a-z-]+)\?.+", notes["dashboard_url"])
    assert found
    assert found[1] in {
        json.loads(path.read_text())["uid"] for path in (ROOT / "charts/haven/files/dashboards").glob("*.json")
    }


@each_rule
def test_an_alert_keeps_releases_apart(rule: dict[str, Any]) -> None:
    groups = re.findall(r"\b(?:sum|min|max|count|group)\b(?! by \(namespace, release\b)", rule["expr"])
    assert groups == []


@each_rule
def test_an_alert_asks_for_metrics_that_are_declared(rule: dict[str, Any]) -> None:
    assert asked(rule["expr"]) <= declared() | {"up"}


def test_the_budget_is_that_of_the_dashboards() -> None:
    budgets = [rule["expr"] for rule in ALERTS if rule["alert"].startswith("HavenErrorBudget")]
    assert len(budgets) == 3
    for expression in budgets:
        assert set(re.findall(r"_count\{(.*?)\}\[", expression)) == {queries.COUNTS, queries.FAILED}
        assert set(re.findall(r"> [\d.]+ \* ([\d.]+)", expression)) == {f"{1 - queries.OBJECTIVE:g}"}


@each_name
def test_a_runbook_has_all_that_one_wants_to_know(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    times = "; ".join(f"{r['labels']['severity'].title()} after {r['for']}" for r in ALERTS if r["alert"] == name)
    assert text.startswith(f"# {name}\n\n{times}.\n\n## ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    diagnosis = text.partition("## Diagnosis")[2].partition("## Mitigation")[0]
    assert diagnosis.count("```\n") % 2 == 0
    assert "kubectl" in diagnosis
    assert "haven " in diagnosis
    assert f"({name}.md)" in (RUNBOOKS / "README.md").read_text()


def test_the_commands_of_runbooks_are_haven_s() -> None:
    text = "\n".join(path.read_text() for path in RUNBOOKS.glob("*.md"))
    words = re.findall(r"^haven ([a-z].*)$|-- haven ([a-z].*)$|`haven ([a-z][^`]*)`", text, re.MULTILINE)
    commands = {next(filter(None, found)) for found in words}
    assert len(commands) > 10
    for command in commands:
        done = CliRunner().invoke(main, [*command.split(), "--help"])
        assert done.exit_code == 0, f"haven {command}: {done.output}"


@each_name
def test_what_rehearses_an_alert_exists(name: str) -> None:
    drills = {path.stem for path in (ROOT / "app/drill/experiments").glob("*.toml")}
    text = (RUNBOOKS / f"{name}.md").read_text().partition("## Rehearsed by")[2]
    assert set(re.findall(r"`haven drill run ([a-z-]+)", text)) <= drills
    tests = [ROOT / path for path in re.findall(r"`(tests/[^`]+)`", text)]
    assert any(f'"{name}"' in path.read_text() for path in tests), f"no test named there makes {name} fire for real"


def test_no_runbook_is_left_over() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("Haven*.md")) == NAMES


def seconds(duration: str) -> int:
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([dhms])", duration))


def asked(expression: str) -> set[str]:
    """The metrics of an expression, histograms by their base name."""
    found = set(re.findall(r"\b(haven_\w+|up)\b", expression))
    return {re.sub(r"_(count|sum|bucket)$", "", name) for name in found}


def declared() -> set[str]:
    names = set()
    for each in vars(metrics).values():
        if isinstance(each, Counter | Gauge | Histogram):
            family = next(iter(each.describe()))
            names.add(f"{family.name}_total" if family.type == "counter" else family.name)
        elif isinstance(each, tuple) and isinstance(each[0], str):
            names.add(each[0])
    return names


def _tests(name: str) -> list[dict[str, Any]]:
    return [test for test in TESTS if test["name"].startswith(f"{name}: ")]


def _silent(test: dict[str, Any]) -> bool:
    return not any(check["exp_alerts"] for check in test["alert_rule_test"])


def _severities(alerts: list[dict[str, Any]]) -> set[str]:
    return {alert["exp_labels"]["severity"] for alert in alerts}


def _metric(series: dict[str, str]) -> str:
    return re.sub(r"_(count|sum|bucket)$", "", series["series"].partition("{")[0])
