"""kube-score finds nothing critical, in any scenario and any overlay."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.chart.rendering import OVERLAYS, SCENARIOS, Rendered, overlay, scenario, tool

# What holds for every object; what holds for one stands at that one: `kube-score/ignore`.
OPTIONS = (
    # a CPU limit stalls what has time left on its node: see web.resources
    "--ignore-container-cpu-limit",
    # Always would ask the registry at every start of a pod: no failover may wait for that. Tags are versions.
    *("--ignore-test", "container-image-pull-policy"),
)
CRITICAL = 1


def critical(rendered: Rendered) -> list[str]:
    command = [tool("kube-score"), "score", *OPTIONS, "--kubernetes-version", "v1.34", "--output-format", "json", "-"]
    done = subprocess.run(command, input=rendered.text, capture_output=True, text=True, check=False, timeout=60)
    return [
        f"{each['object_name']}: {check['check']['id']}: {[comment['summary'] for comment in check['comments'] or []]}"
        for each in json.loads(done.stdout)
        for check in each["checks"]
        if check["grade"] == CRITICAL and not check["skipped"]
    ]


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_critical(name: str) -> None:
    assert critical(scenario(name)) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_nothing_is_critical_in_an_overlay(name: str) -> None:
    assert critical(overlay(name)) == []
