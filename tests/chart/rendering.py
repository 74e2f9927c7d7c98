"""Rendering the chart and the overlays, each combination once, and looking at what came out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "haven"
K8S = ROOT / "k8s"
SCENARIOS = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
OVERLAYS = sorted(path.parent.name for path in K8S.glob("overlays/*/kustomization.yaml"))
# A helm built from its source takes the cluster for one of some years ago, which the chart refuses.
KUBERNETES = "1.34.0"
NAMESPACE = "sales"

Object = dict[str, Any]


def tool(name: str) -> str:
    """The path of a program; without it the test is skipped, but not in CI."""
    found = shutil.which(name)
    if not found:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not on PATH: install it, CI must not skip this")
        pytest.skip(f"{name} is not on PATH: install it to run this")
    return found


@dataclass(frozen=True)
class Pod:
    """A pod that an object makes."""

    owner: str
    kind: str
    component: str
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def ports(self) -> dict[str | int, int]:
        """Every port by its name and by its number."""
        declared = [port for container in self.containers for port in container.get("ports", [])]
        named = {port["name"]: port["containerPort"] for port in declared}
        return {**named, **{number: number for number in named.values()}}


@dataclass(frozen=True)
class Rendered:
    """What `helm template` wrote."""

    text: str
    objects: list[Object] = field(default_factory=list)

    def of(self, kind: str) -> dict[str, Object]:
        """All objects of a kind, by name."""
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] == kind}

    def one(self, kind: str, name: str) -> Object:
        return self.of(kind)[name]

    @property
    def pods(self) -> list[Pod]:
        found = []
        for each in self.objects:
            spec = each.get("spec", {})
            spec = spec.get("jobTemplate", {}).get("spec", spec)
            template = each if each["kind"] == "Pod" else spec.get("template")
            if template:
                labels = template["metadata"]["labels"]
                component = labels["app.kubernetes.io/component"]
                found.append(Pod(each["metadata"]["name"], each["kind"], component, labels, template["spec"]))
        return found

    def pod(self, component: str) -> Pod:
        (found,) = [pod for pod in self.pods if pod.component == component]
        return found


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    # no cluster, whatever this machine is signed in to
    environment = {**os.environ, "KUBECONFIG": os.devnull}
    command = [tool("helm"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)


def template(*arguments: str) -> subprocess.CompletedProcess[str]:
    return helm("template", "shop", str(CHART), "--namespace", NAMESPACE, "--kube-version", KUBERNETES, *arguments)


@cache
def render(*arguments: str) -> Rendered:
    """Release `shop` in namespace `sales`."""
    done = template(*arguments)
    assert done.returncode == 0, done.stderr
    return Rendered(done.stdout, [each for each in yaml.safe_load_all(done.stdout) if each])


def scenario(name: str, *arguments: str) -> Rendered:
    return render("--values", str(CHART / "ci" / f"{name}-values.yaml"), *arguments)


@cache
def build(directory: Path) -> Rendered:
    """What kustomize makes of a directory."""
    command = [tool("kubectl"), "kustomize", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return Rendered(done.stdout, [each for each in yaml.safe_load_all(done.stdout) if each])


def overlay(name: str) -> Rendered:
    return build(K8S / "overlays" / name)


def refused(*arguments: str) -> str:
    """What helm says when it refuses."""
    done = template(*arguments)
    assert done.returncode != 0, "it was not refused"
    return done.stderr


def environment(container: dict[str, Any]) -> dict[str, str]:
    """Its variables as its processes see them in namespace `sales`; what else is taken from the pod is empty."""
    known: dict[str, str] = {}
    for each in container.get("env", []):
        field_path = each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        value = NAMESPACE if field_path == "metadata.namespace" else each.get("value", "")
        # as Kubernetes does: a name that was not given before stays as it is
        known[each["name"]] = re.sub(r"\$\((\w+)\)", lambda found: known.get(found[1], found[0]), value)
    return known


def selects(labels: dict[str, str], selector: dict[str, str]) -> bool:
    return selector.items() <= labels.items()
