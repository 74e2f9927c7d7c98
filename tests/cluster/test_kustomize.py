"""The overlay for development, as a user of kustomize installs it and changes it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.cluster.kube import kubectl, run
from tests.cluster.lab import ROOT
from tests.cluster.overlays import overlaid
from tests.cluster.release import NAME, Release

if TYPE_CHECKING:
    from pathlib import Path

WORKLOADS = (
    *(f"deployment/{NAME}-{each}" for each in ("web", "realtime", "worker", "subscriber")),
    *(f"statefulset/{NAME}-{each}" for each in ("redis", "postgres")),
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("overlay")


@pytest.fixture(scope="module")
def dev(module_namespace: str, image: str, directory: Path) -> Release:
    release = Release(module_namespace, image)
    secret = run(sys.executable, str(ROOT / "scripts" / "chart_secret.py"))
    release.kubectl("create", "--filename", "-", text=secret)
    applied(release, directory)
    return release


def applied(release: Release, directory: Path) -> None:
    """Apply the overlay with the release's image, and wait until every pod is ready."""
    kubectl("apply", "--kustomize", str(overlaid(directory, "dev", release.namespace, release.image)))
    for workload in WORKLOADS:
        release.kubectl("rollout", "status", workload, "--timeout=240s", timeout=260)
    release.wait_healthy()


def smoke(release: Release) -> None:
    """What a user does, once; it fails if anything is not in order."""
    inside = ("exec", f"deployment/{NAME}-web", "--container", "web", "--")
    release.kubectl(*inside, "haven", "smoke", "--url", "http://localhost:8000")


def test_it_serves_and_the_primarys_pod_is_deleted(dev: Release) -> None:
    smoke(dev)
    dev.lose_the_primarys_pod("kustomize: the primary's pod deleted")


def test_applied_again_it_would_change_nothing(dev: Release, directory: Path) -> None:
    # diff fails where something differs; apply says "configured" of what only has its defaults beside it
    assert kubectl("diff", "--kustomize", str(overlaid(directory, "dev", dev.namespace, dev.image))) == ""


@pytest.mark.full
def test_a_new_image_is_applied_and_nothing_is_lost(dev: Release, newer_image: str, directory: Path) -> None:
    dev.image = newer_image
    with dev.client() as client:
        applied(dev, directory)
    client.tell("kustomize: a new image of web, realtime, worker, subscriber and guardians")
    client.nothing_lost()
    smoke(dev)
    pods = dev.get("pods", "--selector", "app.kubernetes.io/component=subscriber")["items"]
    assert [each["image"] for pod in pods for each in pod["spec"]["initContainers"]] == [newer_image]
