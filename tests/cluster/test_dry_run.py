"""The API server takes every scenario of the chart and every overlay as it is, under Pod Security "restricted"."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.chart.rendering import CHART, OVERLAYS, SCENARIOS
from tests.cluster import kinds
from tests.cluster.kube import kubectl, run
from tests.cluster.overlays import overlaid
from tests.cluster.release import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module", autouse=True)
def _kinds() -> Iterator[None]:
    with kinds.present():
        yield


@pytest.fixture(scope="module")
def place(module_namespace: str) -> str:
    """A namespace where what breaks Pod Security is refused (pods) or warned of (what makes them)."""
    kubectl("label", "namespace", module_namespace, "pod-security.kubernetes.io/warn=restricted")
    # a pod wants its account to be there, and a dry run makes none
    kubectl("--namespace", module_namespace, "create", "serviceaccount", NAME)
    return module_namespace


def accepted(namespace: str, text: str) -> None:
    kubectl(
        *("--namespace", namespace, "apply", "--dry-run=server", "--warnings-as-errors", "--filename", "-"), text=text
    )


@pytest.mark.parametrize("option", ["install", "upgrade"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_accepted(name: str, option: str, place: str) -> None:
    values = str(CHART / "ci" / f"{name}-values.yaml")
    more = ["--is-upgrade"] if option == "upgrade" else []
    accepted(place, run("helm", "template", NAME, str(CHART), "--namespace", place, "--values", values, *more))


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_is_accepted(name: str, place: str, tmp_path: Path) -> None:
    accepted(place, kubectl("kustomize", str(overlaid(tmp_path, name, place))))


def test_what_is_wrong_is_not_accepted(place: str) -> None:
    pod = {"metadata": {"name": "bare"}, "spec": {"containers": [{"name": "bare", "image": "bare"}]}}
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        accepted(place, json.dumps({"apiVersion": "v1", "kind": "Pod", **pod}))
