"""The public rules for dashboards, as grafana/dashboard-linter has them, by its names; and some of our own.

The linter itself comes from no registry, so its rules are written out here; what it would refuse all the same is in
the .lint file beside the dashboards, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as promql
import pytest
import yaml

from tests.dashboards.metrics import COUNTERS, KNOWN, labels
from tests.dashboards.reading import (
    DIRECTORY,
    RATE_INTERVAL,
    Target,
    dashboards,
    filled,
    marks,
    nodes,
    panels,
    parsed,
    targets,
)

UNITS = {"none", "s", "bytes", "percentunit", "reqps", "ops"}
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
Complaints = Iterator[str]


def template_datasource_rule() -> Complaints:
    for each in dashboards():
        (found,) = [one for one in each["templating"]["list"] if one["type"] == "datasource"]
        if (found["name"], found["label"], found["query"]) != ("datasource", "Data source", "prometheus"):
            yield each["uid"]


def template_job_rule() -> Complaints:
    yield from (each["uid"] for each in dashboards() if "job" not in variables(each))


def template_instance_rule() -> Complaints:
    yield from (each["uid"] for each in dashboards() if "instance" not in variables(each))


def template_label_promql_rule() -> Complaints:
    for each in dashboards():
        for name, found in variables(each).items():
            asked = LABEL_VALUES.fullmatch(found["query"])
            if not asked or asked[2] != name or name not in labels(parsed(asked[1])):
                yield f"{each['uid']}: {name} asks {found['query']}"


def template_on_time_change_reload_rule() -> Complaints:
    for each in dashboards():
        yield from (f"{each['uid']}: {name}" for name, found in variables(each).items() if found["refresh"] != 2)


def uneditable_dashboard() -> Complaints:
    yield from (each["uid"] for each in dashboards() if each["editable"] is not False)


def panel_no_targets_rule() -> Complaints:
    for each in dashboards():
        yield from (panel["title"] for panel in panels(each) if not panel["targets"])


def panel_datasource_rule() -> Complaints:
    right = {"type": "prometheus", "uid": "${datasource}"}
    for each in dashboards():
        for panel in panels(each):
            if any(one.get("datasource") != right for one in (panel, *panel["targets"])):
                yield panel["title"]
        for one in (*variables(each).values(), *each["annotations"]["list"]):
            if one["datasource"] != right:
                yield f"{each['uid']}: {one['name']}"


def panel_title_description_rule() -> Complaints:
    for each in dashboards():
        for panel in panels(each):
            if not panel.get("title") or not panel.get("description", "").endswith("."):
                yield f"{each['uid']}: {panel.get('title')}"
        if not each["description"]:
            yield each["uid"]


def panel_units_rule() -> Complaints:
    for each in dashboards():
        for panel in panels(each):
            if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
                yield f"{each['uid']}: {panel['title']}"


def target_promql_rule() -> Complaints:
    for expression in (*(each.expression for each in targets()), *(each["expr"] for each in marks())):
        try:
            parsed(expression)
        except ValueError as error:
            yield f"{expression}: {error}"
        if re.search(r"\$(?!__|namespace|release)", expression) or "$" in filled(expression):
            yield f"{expression}: a variable that nothing replaces"


def target_job_rule() -> Complaints:
    yield from without_matcher("job")


def target_instance_rule() -> Complaints:
    yield from without_matcher("instance")


def target_rate_interval_rule() -> Complaints:
    wanted = promql.parse_duration(RATE_INTERVAL)
    for target, node, around in selectors(promql.MatrixSelector):
        if around[-1:] != ["increase"] and node.range != wanted:
            yield str(target)


def target_counter_agg_rule() -> Complaints:
    for target, node, around in selectors(promql.VectorSelector):
        if node.name in COUNTERS and around[-1:] not in (["rate"], ["irate"], ["increase"]):
            yield f"{target}: {node.name}"
        if node.name not in COUNTERS and {"rate", "irate", "increase"} & set(around):
            yield f"{target}: {node.name} is no counter"


def target_legend_rule() -> Complaints:
    for each in targets():
        legend, given = each.found.get("legendFormat", ""), labels(parsed(each.expression))
        if each.panel["type"] == "table":
            continue
        if not legend or not set(re.findall(r"\{\{(\w+)}}", legend)) <= given:
            yield f"{each}: {legend!r} of {sorted(given)}"
        if len({one.get("legendFormat") for one in each.panel["targets"]}) < len(each.panel["targets"]):
            yield f"{each}: two queries have one legend"


RULES: dict[str, Callable[[], Complaints]] = {
    "template-datasource-rule": template_datasource_rule,
    "template-job-rule": template_job_rule,
    "template-instance-rule": template_instance_rule,
    "template-label-promql-rule": template_label_promql_rule,
    "template-on-time-change-reload-rule": template_on_time_change_reload_rule,
    "uneditable-dashboard": uneditable_dashboard,
    "panel-no-targets-rule": panel_no_targets_rule,
    "panel-datasource-rule": panel_datasource_rule,
    "panel-title-description-rule": panel_title_description_rule,
    "panel-units-rule": panel_units_rule,
    "target-promql-rule": target_promql_rule,
    "target-job-rule": target_job_rule,
    "target-instance-rule": target_instance_rule,
    "target-rate-interval-rule": target_rate_interval_rule,
    "target-counter-agg-rule": target_counter_agg_rule,
    "target-legend-rule": target_legend_rule,
}


def variables(dashboard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in dashboard["templating"]["list"] if each["type"] == "query"}


def selectors(kind: Any) -> Iterator[tuple[Target, Any, list[str]]]:
    for target in targets():
        for node, around in nodes(parsed(target.expression)):
            if isinstance(node, kind):
                yield target, node, around


def without_matcher(label: str) -> Complaints:
    for target, node, _ in selectors(promql.VectorSelector):
        if label not in {each.name for each in node.matchers.matchers}:
            yield f"{target}: {node.name}"


def excluded() -> dict[str, str]:
    found = yaml.safe_load((DIRECTORY / ".lint").read_text())["exclusions"]
    return {rule: about["reason"] for rule, about in found.items()}


@pytest.mark.parametrize("rule", sorted(RULES.keys() - excluded().keys()))
def test_a_rule_is_kept(rule: str) -> None:
    assert list(RULES[rule]()) == []


def test_an_exclusion_has_a_reason_and_is_needed() -> None:
    for rule, reason in excluded().items():
        assert len(reason.split()) > 2
        assert list(RULES[rule]()), f"{rule} is kept: take it out of .lint"


def test_every_query_selects_the_installation() -> None:
    """In place of the rules for job and instance."""
    for expression in (*(each.expression for each in targets()), *(each["expr"] for each in marks())):
        for node, _ in nodes(promql.parse(expression.replace("$__rate_interval", "1m").replace("$__range", "1m"))):
            if isinstance(node, promql.VectorSelector):
                selected = {(each.name, each.value) for each in node.matchers.matchers}
                assert {("namespace", "$namespace"), ("release", "$release")} <= selected, expression
                assert not {"job", "instance"} & {name for name, _ in selected}, expression


def test_every_metric_is_declared_and_has_the_labels_that_are_asked_for() -> None:
    for target, node, _ in selectors(promql.VectorSelector):
        assert node.name in KNOWN, f"{target}: {node.name} is not in app/ops/metrics.py"
    for target in targets():
        labels(parsed(target.expression))
    for each in marks():
        titled = set(re.findall(r"\{\{(\w+)}}", each["titleFormat"] + each["textFormat"]))
        assert titled <= labels(parsed(each["expr"]))


def test_variables_can_be_all_or_several() -> None:
    for each in dashboards():
        assert list(variables(each)) == ["namespace", "release"]
        for found in variables(each).values():
            assert found["multi"]
            assert found["includeAll"]
            assert found["current"]["value"] == "$__all"
            # any namespace would be All: `up` of everything in it would count
            assert not found.get("allValue")
