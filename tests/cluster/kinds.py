"""Kinds that a cluster may lack: those of the Prometheus operator and of the Gateway API, from their own modules."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chart.rendering import tool
from tests.cluster.kube import get, kubectl, run

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATOR = ("github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd")
GATEWAY = ("sigs.k8s.io/gateway-api@v1.3.0", "config/crd/standard")
KINDS = {
    "podmonitors.monitoring.coreos.com": OPERATOR,
    "prometheusrules.monitoring.coreos.com": OPERATOR,
    "httproutes.gateway.networking.k8s.io": GATEWAY,
}


@contextmanager
def present() -> Iterator[None]:
    """Those that are not there are made, and removed at the end."""
    there = {item["metadata"]["name"] for item in get("customresourcedefinitions")["items"]}
    missing = [name for name in KINDS if name not in there]
    for name in missing:
        plural, _, group = name.partition(".")
        kubectl("create", "--filename", str(_fetch(*KINDS[name]) / f"{group}_{plural}.yaml"))
    for name in missing:
        kubectl("wait", "crd", name, "--for=condition=Established", "--timeout=60s")
    yield
    if missing:
        kubectl("delete", "crd", *missing)


def _fetch(module: str, directory: str) -> Path:
    return Path(json.loads(run(tool("go"), "mod", "download", "-json", module))["Dir"]) / directory
