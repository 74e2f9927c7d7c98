"""Planned changes: no request fails, nothing is lost."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.cluster import outside
from tests.cluster.kube import apply, kubectl
from tests.cluster.release import NAME

if TYPE_CHECKING:
    from tests.cluster.release import Release

WORKLOADS = ("deployment/haven-web", "deployment/haven-worker", "statefulset/haven-redis")


def rolled_out(release: Release) -> None:
    for workload in WORKLOADS:
        release.kubectl("rollout", "status", workload, "--timeout=240s", timeout=260)


def test_helm_test_finds_everything_in_order(release: Release) -> None:
    said = release.helm("test", NAME, "--timeout", "3m")
    assert "Succeeded" in said


def test_an_upgrade_to_a_new_image_fails_no_request(release: Release, newer_image: str) -> None:
    with release.client() as client:
        release.upgrade(image=newer_image)
        rolled_out(release)
        release.wait_healthy()
    client.unharmed("upgrade to a new image of web, realtime, worker, subscriber and guardians")
    release.image = newer_image


@pytest.mark.full
def test_restart_and_undo_of_a_rollout_fail_no_request(release: Release) -> None:
    with release.client() as client:
        release.kubectl("rollout", "restart", *WORKLOADS)
        rolled_out(release)
        release.wait_healthy()
        release.kubectl("rollout", "undo", "deployment/haven-web")
        rolled_out(release)
    client.unharmed("rollout restart of everything, rollout undo of web")


@pytest.mark.full
def test_a_drained_node_fails_no_request(release: Release) -> None:
    primary = f"{NAME}-redis-{release.primary()}"
    node = release.node_of(primary)
    other = next(item["metadata"]["name"] for item in release.get("nodes")["items"] if item["metadata"]["name"] != node)
    with release.client(other) as client:
        # the try-out database has no second pod: it would be the drain's only failure
        drained = ("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=200s")
        kubectl(*drained, f"--pod-selector=app.kubernetes.io/instance={NAME},app.kubernetes.io/component!=postgres")
        time.sleep(5)
        client.until_back()
        kubectl("uncordon", node)
        release.wait_healthy()
    client.unharmed("the primary's node drained")


@pytest.mark.full
def test_a_wrong_password_in_a_rollout_leaves_the_old_pods_at_work(release: Release) -> None:
    apply(release.namespace, outside.secret("wrong", app="wrong"))
    volumes = release.get("deployment", f"{NAME}-web")["spec"]["template"]["spec"]["volumes"]
    volume = next(each for each in volumes if each["name"] == "redis-password")
    volume["projected"]["sources"] = [{"secret": {"name": "wrong", "items": [{"key": "app", "path": "app"}]}}]
    patch = {"spec": {"template": {"spec": {"volumes": [volume]}}}}
    with release.client() as client:
        release.kubectl("patch", "deployment", f"{NAME}-web", "--type=strategic", "-p", json.dumps(patch))
        time.sleep(20)
        pods = release.get("pods", "-l", "app.kubernetes.io/component=web")["items"]
        ready = [all(each["ready"] for each in pod["status"]["containerStatuses"]) for pod in pods]
        assert sorted(ready) == [False, True, True]
        release.kubectl("rollout", "undo", f"deployment/{NAME}-web")
        release.kubectl("rollout", "status", f"deployment/{NAME}-web", "--timeout=120s")
    client.unharmed("a wrong password in a rollout of web")
