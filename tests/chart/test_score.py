"""kube-score finds nothing critical, in any scenario."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.chart.rendering import SCENARIOS, scenario, tool

ACCEPTED = {
    # Always would ask the registry at every start of a pod: no failover may wait for that. Tags are versions.
    ("*", "container-image-pull-policy"),
    # the image's own user: initdb wants one with a name
    ("postgres", "container-security-context-user-group-id"),
    # the Service of one pod selects it by the name that the StatefulSet gives it, which kube-score does not know
    ("redis", "service-targets-pod"),
}
CRITICAL = 1


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_critical(name: str) -> None:
    # a CPU limit stalls what has time left on its node: see web.resources
    options = ("--ignore-container-cpu-limit", "--kubernetes-version", "v1.34", "--output-format", "json")
    command = [tool("kube-score"), "score", *options, "-"]
    text = scenario(name).text
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
    found = []
    for each in json.loads(done.stdout):
        component = each["object_meta"].get("labels", {}).get("app.kubernetes.io/component", "")
        for check in each["checks"]:
            accepted = {("*", check["check"]["id"]), (component, check["check"]["id"])} & ACCEPTED
            if check["grade"] == CRITICAL and not check["skipped"] and not accepted:
                why = [comment["summary"] for comment in check["comments"] or []]
                found.append(f"{each['object_name']}: {check['check']['id']}: {why}")
    assert found == []
