"""Every scenario renders, the same each time, and nothing that is misspelt is taken."""

from __future__ import annotations

import re

import pytest

from tests.chart.rendering import CHART, SCENARIOS, helm, refused, render, scenario, template

CHARTS_FILE = (CHART / "Chart.yaml").read_text()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_renders_the_same_twice_and_passes_the_linter(name: str) -> None:
    rendered = scenario(name)
    values = str(CHART / "ci" / f"{name}-values.yaml")
    assert template("--values", values).stdout == rendered.text
    linted = helm("lint", "--strict", "--kube-version", "1.34.0", "--values", values, str(CHART))
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_object_is_named_for_the_release_and_labelled(name: str) -> None:
    rendered = scenario(name)
    identities = [(each["kind"], each["metadata"]["name"]) for each in rendered.objects]
    assert len(set(identities)) == len(identities)
    for each in rendered.objects:
        metadata = each["metadata"]
        assert metadata["name"].startswith("shop-haven"), metadata
        assert metadata["namespace"] == "sales"
        expected = {
            "app.kubernetes.io/name": "haven",
            "app.kubernetes.io/instance": "shop",
            "app.kubernetes.io/part-of": "haven",
            "app.kubernetes.io/managed-by": "Helm",
            "app.kubernetes.io/version": "0.1.0",
        }
        assert expected.items() <= metadata["labels"].items(), metadata["name"]
    templated = [part for part in rendered.text.split("\n---\n") if "\nkind: ConfigMap\n" not in part]
    assert [line for part in templated for line in part.splitlines() if line != line.rstrip()] == []


def test_the_version_of_chart_and_program_is_one() -> None:
    program = re.search(r'^version = "(.*)"$', (CHART.parents[1] / "pyproject.toml").read_text(), re.MULTILINE)
    assert program
    assert re.findall(r"^(?:appVersion|version): (.*)$", CHARTS_FILE, re.MULTILINE) == [program[1], program[1]]


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        ("web.replcas=3", "'replcas' not allowed"),
        ("redis_enabled=false", "'redis_enabled' not allowed"),
        ("web.autoscaling.maximum=3", "'maximum' not allowed"),
        ("externalRedis.tls.on=true", "'on' not allowed"),
        ("web.replicas=two", "got string, want integer"),
        ("image.pullPolicy=Sometimes", "must be one of"),
        ("image.digest=sha256:12", "does not match pattern"),
        ("settings.LOG_LEVEL=debug", "invalid propertyName 'LOG_LEVEL'"),
        ("settings.HAVEN_DEADLINE=3", "got number, want string"),
        ("web.pdb.maxUnavailable=half", "does not match pattern"),
        ("worker.processes=0", "minimum: got 0, want 1"),
        ("worker.maxMemory=-1", "minimum: got -1, want 0"),
        ("secrets.signTasks=2", "got number, want boolean"),
    ],
)
def test_a_typo_is_refused(setting: str, wrong: str) -> None:
    assert wrong in refused("--set", setting)


def test_an_old_cluster_is_refused() -> None:
    done = helm("template", "shop", str(CHART), "--kube-version", "1.29.9")
    assert "requires kubeVersion: >=1.30.0-0" in done.stderr


def test_long_names_stay_short_enough_for_what_kubernetes_adds() -> None:
    rendered = render("--set", f"fullnameOverride={'long-' * 12}name")
    assert max(len(each["metadata"]["name"]) for each in rendered.objects) <= 63
    # a StatefulSet's revision label is its name and 11 characters
    assert all(len(name) <= 52 for name in rendered.of("StatefulSet"))


def test_a_digest_wins_over_the_tag_and_common_labels_reach_the_pods() -> None:
    digest = f"sha256:{'ab' * 32}"
    rendered = render("--set", f"image.digest={digest},image.tag=v9,commonLabels.team=shop")
    web = rendered.pod("web")
    assert {container["image"] for container in web.containers} == {f"haven@{digest}"}
    assert web.labels["team"] == "shop"
    assert rendered.one("Service", "shop-haven-web")["metadata"]["labels"]["team"] == "shop"


def test_a_change_of_the_charts_version_alone_restarts_nothing() -> None:
    for pod in scenario("default").pods:
        if pod.kind in {"Deployment", "StatefulSet"}:
            assert {"helm.sh/chart", "app.kubernetes.io/version"} & pod.labels.keys() == set()
