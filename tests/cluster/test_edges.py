"""NetworkPolicies: what is named is allowed, everything else is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cluster.release import NAME

if TYPE_CHECKING:
    from tests.cluster.release import Release

TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print("open")
except OSError:
    print("closed")
"""


def reaches(release: Release, pod: str, container: str, host: str, port: int) -> bool:
    """Whether a connection from there to there comes about."""
    return release.kubectl("exec", pod, "-c", container, "--", "python3", "-c", TRY, host, str(port)).strip() == "open"


def pod_of(release: Release, component: str) -> str:
    name: str = release.get("pods", "-l", f"app.kubernetes.io/component={component}")["items"][0]["metadata"]["name"]
    return name


@pytest.mark.parametrize(
    ("component", "host", "port", "allowed"),
    [
        ("web", f"{NAME}-redis-0", 6379, True),
        ("web", f"{NAME}-redis-0", 26379, True),
        ("web", f"{NAME}-redis-0", 9200, False),
        ("web", f"{NAME}-redis-0", 9121, False),
        ("web", f"{NAME}-postgres", 5432, True),
        ("web", "kubernetes.default.svc", 443, False),
        ("worker", f"{NAME}-redis-1", 6379, True),
        ("worker", f"{NAME}-redis-1", 9200, False),
        ("worker", f"{NAME}-web", 80, False),
        ("subscriber", f"{NAME}-postgres", 5432, True),
    ],
)
def test_an_edge(release: Release, component: str, host: str, port: int, allowed: bool) -> None:  # noqa: FBT001
    assert reaches(release, pod_of(release, component), component, host, port) is allowed


def test_redis_pods_reach_each_other_and_no_database(release: Release) -> None:
    pod = f"{NAME}-redis-0"
    assert reaches(release, pod, "guardian", f"{NAME}-redis-1", 6379)
    assert reaches(release, pod, "guardian", f"{NAME}-redis-1", 26379)
    assert not reaches(release, pod, "guardian", f"{NAME}-postgres", 5432)
    assert not reaches(release, pod, "guardian", f"{NAME}-web", 80)


def test_a_stranger_in_the_namespace_reaches_web_and_nothing_behind_it(release: Release) -> None:
    pod = release.get("deployment", f"{NAME}-worker")["spec"]["template"]["spec"]
    container = {key: pod["containers"][0][key] for key in ("image", "imagePullPolicy", "securityContext", "resources")}
    container |= {"name": "stranger", "command": ["sleep", "600"]}
    spec = {key: pod[key] for key in ("securityContext", "automountServiceAccountToken")} | {
        "containers": [container],
        "terminationGracePeriodSeconds": 0,
    }
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stranger"}, "spec": spec}
    release.kubectl("apply", "-f", "-", text=json.dumps(made))
    try:
        release.kubectl("wait", "pod", "stranger", "--for=condition=Ready", "--timeout=60s")
        assert reaches(release, "stranger", "stranger", f"{NAME}-web", 80)
        for host, port in ((f"{NAME}-redis-0", 6379), (f"{NAME}-redis-0", 26379), (f"{NAME}-postgres", 5432)):
            assert not reaches(release, "stranger", "stranger", host, port), (host, port)
    finally:
        release.kubectl("delete", "pod", "stranger", "--wait=false")
