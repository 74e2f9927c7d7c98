"""The dev container, as far as it can be read without one: the specification's names, the project's versions."""

from __future__ import annotations

import json
import re
from typing import Any

from app.local.options import Options
from tests.chart.rendering import KUBERNETES
from tests.release.surroundings import ROOT

TEXT = (ROOT / ".devcontainer" / "devcontainer.json").read_text()
# the specification allows comments
MADE: dict[str, Any] = json.loads(re.sub(r"^\s*//.*$", "", TEXT, flags=re.MULTILINE))
KNOWN = {
    *("$schema", "name", "image", "features", "overrideFeatureInstallOrder", "secrets", "customizations"),
    *("forwardPorts", "portsAttributes", "otherPortsAttributes", "updateRemoteUserUID", "hostRequirements"),
    *("containerEnv", "containerUser", "remoteEnv", "remoteUser", "mounts", "runArgs", "init", "privileged", "capAdd"),
    *("securityOpt", "initializeCommand", "onCreateCommand", "updateContentCommand", "postCreateCommand"),
    *("postStartCommand", "postAttachCommand", "waitFor", "userEnvProbe", "appPort", "shutdownAction"),
    *("overrideCommand", "workspaceFolder", "workspaceMount"),
}
"""What the specification's schema has for a container from an image."""
OPTIONS = {
    "ghcr.io/rocker-org/devcontainer-features/apt-packages:1": {"packages", "upgradePackages"},
    "ghcr.io/devcontainers/features/docker-in-docker:2": {"version", "moby"},
    "ghcr.io/devcontainers/features/go:1": {"version", "golangciLintVersion"},
    "ghcr.io/devcontainers/features/kubectl-helm-minikube:1": {"version", "helm", "minikube"},
    "ghcr.io/devcontainers/features/terraform:1": {"version", "tflint", "terragrunt"},
}
"""What each feature's own metadata has, as far as it is used."""


def option(feature: str, name: str) -> str:
    (found,) = [options[name] for key, options in MADE["features"].items() if f"/{feature}:" in key]
    return str(found)


def test_every_name_is_one_of_the_specification() -> None:
    assert MADE.keys() <= KNOWN
    assert re.fullmatch(r"\d+([tgmk]b)?", MADE["hostRequirements"]["memory"])
    assert all(attributes.keys() <= {"label", "onAutoForward"} for attributes in MADE["portsAttributes"].values())
    assert {int(port) for port in MADE["portsAttributes"]} == set(MADE["forwardPorts"])


def test_every_feature_has_a_version_and_options_that_it_knows() -> None:
    assert MADE["features"].keys() == OPTIONS.keys()
    assert [name for name, options in MADE["features"].items() if not options.keys() <= OPTIONS[name]] == []


def test_it_is_made_ready_by_make() -> None:
    assert MADE["postCreateCommand"] == "make install"


def test_its_versions_are_those_of_the_project() -> None:
    python = re.search(r"library/python:([\d.]+)", (ROOT / "Dockerfile").read_text())
    assert python
    assert f"/python:{python[1]}-" in MADE["image"]
    assert KUBERNETES.startswith(option("kubectl-helm-minikube", "version"))
    wanted = re.search(r'required_version = ">= ([\d.]+)"', (ROOT / "terraform/modules/haven/versions.tf").read_text())
    assert wanted
    has, least = (tuple(map(int, each.split("."))) for each in (option("terraform", "version"), wanted[1]))
    assert has >= least


def test_the_ports_of_make_up_are_led_out() -> None:
    options = Options(ROOT)
    assert MADE["forwardPorts"] == [options.http_port, options.prometheus_port]
