"""As much of a Kubernetes API as helm asks when it renders: what kinds there are, and what a namespace holds."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.chart.rendering import KUBERNETES
from tests.loopback import served

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Secrets = dict[str, dict[str, str]]

KINDS = {
    "v1": ["Pod", "Secret", "Service", "ServiceAccount", "ConfigMap"],
    "apps/v1": ["Deployment", "StatefulSet"],
    "batch/v1": ["Job"],
    "networking.k8s.io/v1": ["NetworkPolicy", "Ingress"],
    "policy/v1": ["PodDisruptionBudget"],
}


def plural(kind: str) -> str:
    return kind.lower().removesuffix("y") + "ies" if kind.endswith("y") else f"{kind.lower()}s"


class Api(BaseHTTPRequestHandler):
    secrets: Secrets
    stateful_sets: dict[str, dict[str, Any]]

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, body: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        parts = path.split("/")
        if path == "version":
            major, minor, _ = KUBERNETES.split(".")
            self.answer({"major": major, "minor": minor, "gitVersion": f"v{KUBERNETES}"})
        elif path == "api":
            self.answer({"kind": "APIVersions", "versions": ["v1"]})
        elif path == "apis":
            self.answer(
                {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group(each) for each in KINDS if "/" in each]}
            )
        elif path.removeprefix("apis/").removeprefix("api/") in KINDS:
            version = path.removeprefix("apis/").removeprefix("api/")
            resources = [
                {
                    "name": plural(kind),
                    "singularName": kind.lower(),
                    "kind": kind,
                    "namespaced": True,
                    "verbs": ["get", "list"],
                }
                for kind in KINDS[version]
            ]
            self.answer({"kind": "APIResourceList", "groupVersion": version, "resources": resources})
        elif parts[-1] == "secrets":
            items = [secret(name, data) for name, data in self.secrets.items()]
            self.answer({"kind": "SecretList", "apiVersion": "v1", "metadata": {}, "items": items})
        elif parts[-2] == "secrets" and parts[-1] in self.secrets:
            self.answer(secret(parts[-1], self.secrets[parts[-1]]))
        elif parts[-2] == "statefulsets" and parts[-1] in self.stateful_sets:
            self.answer(self.stateful_sets[parts[-1]])
        else:
            self.answer(
                {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}, 404
            )


def group(version: str) -> dict[str, Any]:
    versions = {"groupVersion": version, "version": version.partition("/")[2]}
    return {"name": version.partition("/")[0], "versions": [versions], "preferredVersion": versions}


def secret(name: str, data: dict[str, str]) -> dict[str, Any]:
    owner = {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "sales"},
    }
    metadata = {"name": name, "namespace": "sales", **owner}
    return {"kind": "Secret", "apiVersion": "v1", "metadata": metadata, "data": data}


def cluster(secrets: Secrets, *stateful_sets: dict[str, Any]) -> AbstractContextManager[str]:
    """Its address, for --kube-apiserver."""
    held = {each["metadata"]["name"]: each for each in stateful_sets}
    return served(type("Cluster", (Api,), {"secrets": secrets, "stateful_sets": held}))
