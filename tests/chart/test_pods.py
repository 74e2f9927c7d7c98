"""Every pod of every scenario: Pod Security "restricted", bounded, without a token or a secret where all can see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.chart.rendering import SCENARIOS, environment, scenario

if TYPE_CHECKING:
    from tests.chart.rendering import Pod

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
OWN_USERS = {"postgres": 999}  # the image's own user: initdb wants one with a name
PYTHON = {"web", "realtime", "worker", "subscriber", "migrate", "test"}


CASES = [(name, *option) for name in SCENARIOS for option in ((), ("--is-upgrade",))]


@pytest.fixture(params=CASES, ids="".join)
def pods(request: pytest.FixtureRequest) -> list[Pod]:
    return scenario(*request.param).pods


def test_pod_security_restricted(pods: list[Pod]) -> None:
    for pod in pods:
        spec, who = pod.spec, f"{pod.kind}/{pod.owner}"
        assert {"hostNetwork", "hostPID", "hostIPC"} & spec.keys() == set(), who
        assert spec["securityContext"]["runAsNonRoot"] is True, who
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, who
        assert spec["securityContext"]["runAsUser"] == OWN_USERS.get(pod.component, 10001), who
        assert spec["securityContext"]["fsGroup"] == spec["securityContext"]["runAsGroup"], who
        for volume in spec.get("volumes", []):
            assert volume.keys() - {"name"} <= VOLUMES, f"{who}: {volume}"
        for container in pod.containers:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, who
            assert security["capabilities"] == {"drop": ["ALL"]}, who
            assert security["readOnlyRootFilesystem"] is True, who
            assert security.get("runAsNonRoot", True) is True, who
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}, who
            assert security.get("privileged", False) is False, who
            assert [port for port in container.get("ports", []) if "hostPort" in port] == [], who


def test_no_token_no_service_links_and_an_account_of_its_own(pods: list[Pod]) -> None:
    for pod in pods:
        drills = pod.component == "drill-runner"  # it speaks to the API server, with rights of its own
        assert pod.spec["automountServiceAccountToken"] is drills, pod.owner
        assert pod.spec["enableServiceLinks"] is False, pod.owner
        assert pod.spec["serviceAccountName"] == ("shop-haven-drill" if drills else "shop-haven"), pod.owner


def test_everything_is_bounded_but_the_cpu(pods: list[Pod]) -> None:
    for pod in pods:
        for container in pod.containers:
            resources = container["resources"]
            assert resources["requests"].keys() == {"cpu", "memory", "ephemeral-storage"}, container["name"]
            assert resources["limits"].keys() == {"memory", "ephemeral-storage"}, container["name"]
        for volume in pod.spec.get("volumes", []):
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"], f"{pod.owner}: {volume}"


def test_no_secret_is_in_an_environment_or_an_argument(pods: list[Pod]) -> None:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN", re.IGNORECASE)
    inside = re.compile(r"://[^/]*@|requirepass|--pass(word)?[= ]")
    for pod in pods:
        for container in pod.containers:
            assert "envFrom" not in container, pod.owner
            assert [each for each in container.get("env", []) if "secretKeyRef" in str(each)] == [], pod.owner
            for name, value in environment(container).items():
                assert not secret.search(name) or name.endswith("_FILE"), f"{pod.owner}: {name}"
                assert not inside.search(value), f"{pod.owner}: {name}={value}"
            words = " ".join([*container.get("command", []), *container.get("args", [])])
            assert not inside.search(words), f"{pod.owner}: {words}"


def test_secrets_are_files_of_which_each_pod_sees_only_its_own(pods: list[Pod]) -> None:
    seen: dict[str, set[str]] = {}
    for pod in pods:
        for volume in pod.spec.get("volumes", []):
            assert "secret" not in volume, f"{pod.owner}: a whole Secret is mounted"
            for source in volume.get("projected", {}).get("sources", []):
                assert volume["projected"]["defaultMode"] == 0o440
                keys = {item["key"] for item in source["secret"]["items"]}
                seen.setdefault(pod.component, set()).update(keys)
    for component in PYTHON & seen.keys():
        others = {"admin", "replica", "sentinel", "guardian", "exporter", "guardian-token", "postgres"}
        assert seen[component] & others == set(), component
    assert seen["migrate"] <= {"secret-key", "database-url"}
    assert seen.get("postgres", {"postgres"}) == {"postgres"}


def test_every_mount_has_its_volume_and_the_metrics_directory_can_be_written(pods: list[Pod]) -> None:
    for pod in pods:
        volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
        for container in pod.containers:
            mounts = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}
            known = {*volumes, "data"}  # of a StatefulSet's claim
            assert set(mounts.values()) <= known, f"{pod.owner}: {mounts}"
            if pod.component in PYTHON:
                assert "/tmp" in mounts, pod.owner  # noqa: S108 - in the container
            found = environment(container)
            for name in ("HAVEN_METRICS_DIR", "HAVEN_FILES_DIR"):
                if name in found:
                    assert "emptyDir" in volumes[mounts[found[name]]]
            for name, path in found.items():
                if name.endswith(("_FILE", "_CA", "_CERT", "_KEY")):
                    assert path.rpartition("/")[0] in mounts, f"{pod.owner}: {name}={path}"


def test_liveness_asks_no_other_process_and_readiness_is_something_else(pods: list[Pod]) -> None:
    for pod in pods:
        if pod.component not in PYTHON or pod.kind != "Deployment":
            continue
        (container,) = pod.spec["containers"]
        port = {"web": "http", "realtime": "http"}.get(pod.component, "ops")
        assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": port}
        assert container["startupProbe"]["httpGet"] == {"path": "/livez", "port": port}
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port}
        assert pod.ports[port]


def test_pods_are_spread_but_find_a_place_with_a_node_gone(pods: list[Pod]) -> None:
    for pod in pods:
        if pod.kind != "Deployment" or pod.component == "subscriber":
            continue
        constraints: list[dict[str, Any]] = pod.spec["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in constraints] == [
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        ]
        assert {each["whenUnsatisfiable"] for each in constraints} == {"ScheduleAnyway"}
        for each in constraints:
            assert each["labelSelector"]["matchLabels"].items() <= pod.labels.items()
