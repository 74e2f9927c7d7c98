"""examples/local as a user of Terraform goes about it: apply, look, change, destroy."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from tests.cluster.kube import until
from tests.cluster.release import NAME, Release
from tests.terraform.workspace import copied

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.terraform.workspace import Workspace

WHERE = "examples/local"
KINDS = (
    "deployments,statefulsets,services,configmaps,secrets,serviceaccounts,persistentvolumeclaims,networkpolicies,"
    "poddisruptionbudgets,horizontalpodautoscalers,jobs,cronjobs,roles,rolebindings,ingresses"
)
OF_EVERY_NAMESPACE = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}


def given(release: Release, web_replicas: int) -> list[str]:
    """The variables of the example."""
    repository, _, tag = release.image.rpartition(":")
    values = {"image": json.dumps({"repository": repository, "tag": tag}), "namespace": release.namespace}
    return [f"-var={name}={value}" for name, value in {**values, "web_replicas": web_replicas}.items()]


def objects(release: Release) -> set[str]:
    """What is in the namespace, Kind/name; pods that still end are not looked at."""
    return {f"{each['kind']}/{each['metadata']['name']}" for each in release.get(KINDS)["items"]} - OF_EVERY_NAMESPACE


def applied(workspace: Workspace, release: Release, web_replicas: int) -> None:
    """Apply it; a plan afterwards has nothing to change."""
    variables = given(release, web_replicas)
    workspace.done(WHERE, "apply", "-auto-approve", "-input=false", "-no-color", *variables, timeout=400)
    again = workspace.run(WHERE, "plan", "-detailed-exitcode", "-input=false", "-no-color", *variables)
    assert again.returncode == 0, f"{again.stdout[-4000:]}\n{again.stderr[-2000:]}"


def destroyed(workspace: Workspace, release: Release) -> None:
    """Destroy it. The helm provider 1 ends with an error that the chart keeps its Secret; later ones warn."""
    arguments = ("destroy", "-auto-approve", "-input=false", "-no-color", *given(release, 2))
    first = workspace.run(WHERE, *arguments)
    if first.returncode != 0:
        assert re.search(r"Error: manifest-\d+\s*$", first.stderr), first.stderr
        workspace.done(WHERE, *arguments)
    assert workspace.done(WHERE, "state", "list") == ""


def test_apply_change_and_destroy(namespace: str, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_CONFIG_PATH", os.environ["KUBECONFIG"])
    release = Release(namespace, image)
    workspace = copied(tmp_path)
    applied(workspace, release, web_replicas=1)
    release.wait_healthy()
    inside = ("exec", f"deployment/{NAME}-web", "--container", "web", "--")
    release.kubectl(*inside, "haven", "smoke", "--url", "http://localhost:8000")
    outputs = json.loads(workspace.done(WHERE, "output", "-json"))
    assert outputs["try"]["value"] == f"kubectl --namespace {namespace} port-forward service/{NAME}-web 8000:http"

    applied(workspace, release, web_replicas=2)
    # helm is content when as many are ready; a pod of the former template may still be ending
    until(lambda: release.get("deployment", f"{NAME}-web")["status"]["readyReplicas"] == 2, 60, "two pods of web")

    secret = release.get("secret", outputs["secret"]["value"])["data"]
    destroyed(workspace, release)
    # what charts/haven/README.md says stays, and nothing else
    left = {each for each in objects(release) if not each.startswith("PersistentVolumeClaim/")}
    assert left == {f"Secret/{NAME}-secrets"}
    assert release.get("secret", f"{NAME}-secrets")["data"] == secret
    assert {each["metadata"]["name"] for each in release.get("persistentvolumeclaims")["items"]} >= {
        f"data-{NAME}-redis-{place}" for place in range(3)
    }
