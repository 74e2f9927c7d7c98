"""The probe as a pod, made after the web application's own."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from app.drill.kube.labels import CLIENTS, COMPONENT, HAVEN, INSTANCE, PART_OF
from app.errors import DrillError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.drill.experiment import Probes
    from app.drill.kube.api import Api

CONTAINER: Final = "probe"
_START: Final = 120.0
_SPARE: Final = 300
_STOP: Final = "import os, signal; os.kill(1, signal.SIGTERM)"
_NAME: Final = "app.kubernetes.io/name"


class KubeClients:
    """A pod whose log is what it tells.

    Args:
        api: of the namespace.
        web: the web application's Deployment.
        run: the drill's id.
        probes: what clients do.
        longest: seconds after which they end by themselves.
        urls: of the web application, and of its event streams.

    Raises:
        DrillError: the pod can't be made, or does not start.
    """

    def __init__(self, api: Api, web: Any, run: str, probes: Probes, longest: float, urls: tuple[str, str]) -> None:
        self._api = api
        self._name = f"{web['metadata']['name'].removesuffix('-web')}-drill-{run[-4:]}"
        command = [
            *("haven", "drill", "probe", "--run", run, "--url", urls[0], "--events-url", urls[1]),
            *("--longest", f"{longest:g}", "--probes", probes.model_dump_json()),
        ]
        api.call("POST", api.core("pods"), _pod(self._name, web, command, int(longest) + _SPARE))
        try:
            self._await()
        except DrillError:
            self.close()
            raise

    def _await(self) -> None:
        end = time.monotonic() + _START
        while True:
            status = self._api.call("GET", self._api.core("pods", self._name))["status"]
            if status.get("phase") in {"Running", "Succeeded", "Failed"}:
                return
            if time.monotonic() > end:
                states = [each["state"] for each in status.get("containerStatuses", [])] or status.get("conditions")
                raise DrillError(f"pod {self._name} did not start within {_START:g} s: {states}")
            time.sleep(0.2)

    def lines(self) -> Iterator[str]:
        """What it tells, until it has ended."""
        return self._api.follow(self._name, CONTAINER)

    def stop(self) -> None:
        """Tell it to end and to audit."""
        with contextlib.suppress(DrillError):  # it may have ended before the answer was out
            self._api.run(self._name, CONTAINER, ["python3", "-c", _STOP], "")

    def close(self) -> None:
        """Remove it."""
        with contextlib.suppress(DrillError):
            self._api.call("DELETE", self._api.core("pods", self._name), gracePeriodSeconds="1")


def _pod(name: str, web: Any, command: list[str], longest: int) -> dict[str, Any]:
    """A pod with the image, settings and volumes of the web application, and nothing that serves."""
    template = web["spec"]["template"]
    spec = {**template["spec"]}
    container = {**spec["containers"][0], "name": CONTAINER, "command": command}
    for key in ("ports", "startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "args"):
        container.pop(key, None)
    for key in ("initContainers", "topologySpreadConstraints", "terminationGracePeriodSeconds", "affinity"):
        spec.pop(key, None)
    labels = {
        _NAME: template["metadata"]["labels"][_NAME],
        INSTANCE: template["metadata"]["labels"][INSTANCE],
        PART_OF: HAVEN,
        COMPONENT: CLIENTS,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {**spec, "containers": [container], "restartPolicy": "Never", "activeDeadlineSeconds": longest},
    }
