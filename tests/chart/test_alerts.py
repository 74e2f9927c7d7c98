"""The alerts reach Prometheus' operator as they were tested, with this release's links."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.chart.rendering import CHART, K8S, NAMESPACE, ROOT, overlay, refused, render, scenario
from tests.chart.test_selectors import CRDS

FILES = {path.stem: yaml.safe_load(path.read_text()) for path in (CHART / "files" / "alerts").glob("*.yaml")}
ON = ("--set", "monitoring.rules.enabled=true")
HERE = (
    *ON,
    "--set",
    "monitoring.rules.runbookUrl=https://wiki.example.org/haven/main/docs/runbooks",
    "--set",
    "monitoring.rules.dashboardUrl=http://grafana.monitoring:3000",
)


def rules(specs: list[Any]) -> list[dict[str, Any]]:
    return [rule for spec in specs for group in spec["groups"] for rule in group["rules"]]


def test_each_file_is_an_object_with_all_of_it() -> None:
    found = render(*ON).of("PrometheusRule")
    assert {name: each["spec"] for name, each in found.items()} == {f"shop-haven-{name}": FILES[name] for name in FILES}
    assert len(rules([each["spec"] for each in found.values()])) > 20


def test_links_lead_to_this_installations_pages_and_nothing_else_changes() -> None:
    plain = rules([each["spec"] for each in render(*ON).of("PrometheusRule").values()])
    ours = rules([each["spec"] for each in render(*HERE).of("PrometheusRule").values()])
    for before, after in zip(plain, ours, strict=True):
        notes = after["annotations"]
        name = after["alert"]
        assert notes.pop("runbook_url") == f"https://wiki.example.org/haven/main/docs/runbooks/{name}.md"
        assert re.match(r"http://grafana\.monitoring:3000/d/haven-[a-z]+\?var-namespace=", notes.pop("dashboard_url"))
        assert after == {**before, "annotations": {key: before["annotations"][key] for key in notes}}
    assert "example.com" not in str(ours)


def test_the_job_is_that_of_the_pod_monitor() -> None:
    rendered = render(*ON, "--set", "monitoring.podMonitor.enabled=true", "--set", "nameOverride=store")
    (monitor,) = rendered.of("PodMonitor").values()
    named = {pod.labels[monitor["spec"]["jobLabel"]] for pod in rendered.pods}
    found = re.findall(r'job="([^"]*)"', str(list(rendered.of("PrometheusRule").values())))
    assert set(found) == named == {"store"}


def test_the_operator_selects_them_by_a_label() -> None:
    for each in scenario("monitoring").of("PrometheusRule").values():
        assert each["metadata"]["labels"]["prometheus"] == "main"
        assert each["metadata"]["namespace"] == NAMESPACE


@pytest.mark.parametrize("url", ["wiki.example.org", "https://wiki.example.org/", 'https://wiki"', "https://a b", ""])
@pytest.mark.parametrize("name", ["runbookUrl", "dashboardUrl"])
def test_a_link_that_would_lead_nowhere_is_refused(name: str, url: str) -> None:
    assert f"/monitoring/rules/{name}" in refused("--set-string", f"monitoring.rules.{name}={url}")


def test_they_come_where_the_operator_is_unless_told_otherwise() -> None:
    assert not render().of("PrometheusRule")
    assert render(*CRDS).of("PrometheusRule")
    assert not render(*CRDS, "--set", "monitoring.rules.enabled=false").of("PrometheusRule")


@pytest.mark.parametrize("name", ["staging", "production"])
def test_the_overlays_that_are_watched_bring_them(name: str) -> None:
    found = overlay(name).of("PrometheusRule")
    assert rules([each["spec"] for each in found.values()])
    assert len(found) == len(FILES)


def test_runbooks_name_what_the_chart_makes() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "docs" / "runbooks").glob("*.md"))
    rendered = render("--set", "realtime.enabled=true,backup.enabled=true")
    names = {each["metadata"]["name"].removeprefix("shop-haven-") for each in rendered.objects}
    assert set(re.findall(r"deployment/\$R-([a-z]+)", text)) <= names
    assert set(re.findall(r"component=([a-z]+)", text)) <= {pod.component for pod in rendered.pods}
    containers = {each["name"] for pod in ("redis", "backup") for each in rendered.pod(pod).containers}
    assert set(re.findall(r"--container ([a-z]+)", text)) <= containers
    mounts = {mount["mountPath"] for each in rendered.pod("redis").containers for mount in each["volumeMounts"]}
    assert {path.rpartition("/")[0] for path in re.findall(r"/run/\S+\.sock", text)} <= mounts
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for setting in re.findall(r"`((?:web|worker|redis|monitoring|networkPolicy|drill|backup)\.[a-zA-Z.]+)`", text):
        found = values
        for part in setting.split("."):
            assert part in found, setting
            found = found[part]


def test_the_age_of_a_backup_that_is_too_high_is_the_chart_s() -> None:
    def asked(*options: str) -> str:
        (expression,) = [
            rule["expr"]
            for each in render(*ON, *options).of("PrometheusRule").values()
            for group in each["spec"]["groups"]
            for rule in group["rules"]
            if rule["alert"] == "HavenBackupOverdue"
        ]
        return str(expression).rpartition(" > ")[2].strip()

    assert asked() == "50 * 3600"
    assert asked("--set", "backup.overdueAfter=400") == "400 * 3600"


def test_the_component_of_kustomize_names_where_links_lead() -> None:
    wanted = yaml.safe_load((K8S / "components" / "monitoring" / "values.yaml").read_text())["monitoring"]["rules"]
    assert {"runbookUrl", "dashboardUrl"} <= wanted.keys()
