"""An installed release, and a client of it in the cluster."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.cluster.kube import apply, get, kubectl, run, until
from tests.cluster.lab import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

CHART = ROOT / "charts" / "haven"
CLIENT = (
    Path(__file__).parent / "client" / "main.py",
    ROOT / "tests" / "integration" / "stack" / "journeys.py",
    ROOT / "tests" / "bench" / "writing.py",
)
NAME = "haven"
PLACES = (0, 1, 2)
LONGEST_GAP = 5.0
"""Seconds: several times what is promised, as a busy machine is slow; a failover that hangs takes longer."""
_SOCKET = "/run/haven/socket/redis.sock"
_TELLS = re.compile(
    r"[+-](sdown|odown|try|vote|elected|failover|selected|switch|new-epoch|tilt)|guardian\.|MASTER|Primary|REPLICAOF"
)
"""The lines of the logs that tell of a failover."""
_ASK = (
    "import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}{path}', timeout={timeout}).read().decode())"
)


class Release:
    """One in a namespace of its own.

    Args:
        namespace: of it.
        image: of the Python parts, name:tag.
    """

    def __init__(self, namespace: str, image: str) -> None:
        self.namespace = namespace
        self.image = image

    def helm(self, command: str, *arguments: str, timeout: float = 400.0, check: bool = True) -> str:
        return run("helm", "--namespace", self.namespace, command, *arguments, timeout=timeout, check=check)

    def values(self, image: str | None = None) -> tuple[str, ...]:
        repository, _, tag = (image or self.image).rpartition(":")
        return (
            *("--set", f"image.repository={repository}", "--set", f"image.tag={tag}"),
            *("--set", "database.tryout.seed=true"),
        )

    def install(self, *more: str) -> None:
        """Install it and wait until every pod is ready."""
        self.helm("install", NAME, str(CHART), *self.values(), *more, "--wait", "--timeout", "5m")

    def upgrade(self, *more: str, image: str | None = None, check: bool = True) -> str:
        """Upgrade it and wait until every pod is ready."""
        return self.helm(
            "upgrade", NAME, str(CHART), *self.values(image), *more, "--wait", "--timeout", "6m", check=check
        )

    def kubectl(self, *arguments: str, **options: Any) -> str:
        return kubectl("--namespace", self.namespace, *arguments, **options)

    def get(self, *arguments: str) -> Any:
        return get("--namespace", self.namespace, *arguments)

    def redis(self, *words: str) -> str:
        """Say something to the primary, as an operator."""
        secret = base64.b64decode(self.get("secret", f"{NAME}-secrets")["data"]["admin"]).decode().split()[0]
        client = ("env", f"REDISCLI_AUTH={secret}", "redis-cli", "--user", "admin", "-s", _SOCKET)
        pod = f"{NAME}-redis-{self.primary()}"
        return self.kubectl("exec", pod, "-c", "redis", "--", *client, *words).strip()

    def ask(self, pod: str, container: str, port: int, path: str, timeout: float = 5.0) -> Any:
        """What a pod answers to itself, JSON."""
        code = _ASK.format(port=port, path=path, timeout=timeout)
        return json.loads(self.kubectl("exec", pod, "-c", container, "--", "python3", "-c", code, timeout=timeout + 30))

    def status(self, place: int) -> Any:
        """What a guardian says."""
        return self.ask(f"{NAME}-redis-{place}", "guardian", 9200, "/status")

    def primary(self, places: Sequence[int] = PLACES) -> int:
        """The place of the primary, by what the guardians say of their own node."""
        states = {}
        for place in places:
            try:
                states[place] = self.status(place)["state"]
            except (AssertionError, ValueError) as error:
                states[place] = str(error)[-80:]
        found = [place for place, state in states.items() if state == "primary"]
        assert len(found) == 1, states
        return found[0]

    def uid_of(self, pod: str) -> str:
        """A pod's own id."""
        uid: str = self.get("pod", pod)["metadata"]["uid"]
        return uid

    def node_of(self, pod: str) -> str:
        """The node where a pod runs."""
        name: str = self.get("pod", pod)["spec"]["nodeName"]
        return name

    def components_on(self, node: str) -> list[str]:
        """What of the release runs on a node, each as often as it does."""
        pods = self.get("pods", "--field-selector", f"spec.nodeName={node},status.phase=Running")["items"]
        return sorted(pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods)

    def wait_healthy(self, timeout: float = 240.0) -> None:
        """Wait until every Redis pod is ready and one is primary."""
        until(self._healthy, timeout, "one primary and two replicas in step")

    def _healthy(self) -> bool:
        states = [self.status(place)["state"] for place in PLACES]
        pods = self.get("pods", "-l", "app.kubernetes.io/component=redis")["items"]
        ready = [
            condition["status"]
            for pod in pods
            for condition in pod["status"].get("conditions", [])
            if condition["type"] == "Ready"
        ]
        assert sorted(states) == ["primary", "replica", "replica"], states
        assert ready == ["True"] * 3, ready
        return True

    def time_line(self, places: Sequence[int] = PLACES) -> str:
        """What guardians, Sentinels and Redis did in the last minutes, on one line of time."""
        lines: list[str] = []
        for place in places:
            for part in ("guardian", "sentinel", "redis"):
                options = ("--timestamps", "--since=3m", "--tail=200")
                log = self.kubectl("logs", f"{NAME}-redis-{place}", "-c", part, *options, check=False)
                words = ((line.partition(" ")[0], line.partition(" ")[2]) for line in log.splitlines())
                lines += [f"{when[11:23]} {part}-{place} {what[:160]}" for when, what in words if _TELLS.search(what)]
        return "\n".join(sorted(lines)[-120:])

    def lose_the_primarys_pod(self, what: str) -> None:
        """Delete it under a client's load: no request fails, nothing is lost, another is primary afterwards."""
        old = self.primary()
        with self.client() as client:
            self.kubectl("delete", "pod", f"{NAME}-redis-{old}", "--wait=false")
            time.sleep(8)
            client.until_back()
            self.wait_healthy()
        client.unharmed(what)
        assert self.primary() != old

    def client(self, node: str | None = None) -> Client:
        """Start sending."""
        return Client(self, node)


class Client:
    """A pod that sends 50 requests a second through the Service, and writes durably to Redis; see client/main.py.

    Args:
        release: whose Service it uses.
        node: where it is to run; None for anywhere.
    """

    def __init__(self, release: Release, node: str | None) -> None:
        self._release = release
        self._node = node
        self._name = "client"
        self.found: dict[str, Any] = {}

    def __enter__(self) -> Self:
        release = self._release
        files = [argument for file in CLIENT for argument in ("--from-file", str(file))]
        made = release.kubectl("create", "configmap", "client", *files, "--dry-run=client", "-o", "yaml")
        release.kubectl("apply", "-f", "-", text=made)
        apply(release.namespace, self._policy())
        release.kubectl("delete", "pod", self._name, "--ignore-not-found", "--grace-period=0", "--force")
        apply(release.namespace, self._pod())
        release.kubectl("wait", "pod", self._name, "--for=condition=Ready", "--timeout=120s")
        until(lambda: self.look()["writes"] > 100, 60, "the client writes")
        return self

    def look(self) -> dict[str, Any]:
        """Its book so far."""
        found: dict[str, Any] = self._release.ask(self._name, "worker", 8080, "/")
        return found

    def until_back(self, timeout: float = 60.0) -> None:
        """Wait until it writes again."""

        def back() -> bool:
            before = self.look()
            return bool(before["quiet_for"] < 1 and self.look()["writes"] > before["writes"] + 5)

        until(back, timeout, "the client writes again")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.found = self._release.ask(self._name, "worker", 8080, "/stop", timeout=150)
        self._release.kubectl("delete", "pod", self._name, "--grace-period=0", "--force", "--wait=false")

    def still_there(self, before: dict[str, Any]) -> None:
        """Assert that what an earlier client wrote is there."""
        path = f"/missing?prefix={before['prefix']}&count={before['writes']}"
        assert before["write_errors"] == [], before
        assert self._release.ask(self._name, "worker", 8080, path, 30) == 0

    def nothing_lost(self) -> None:
        """Assert that what was acknowledged is there."""
        found = self.found
        assert found["writes"] > 100, found
        assert found["missing_writes"] == 0, found
        assert found["lost_tasks"] == [], found
        assert found["doubled_tasks"] == 0, found
        assert found["missing_messages"] == 0, found
        assert found["session_lives"], found

    def unharmed(self, what: str) -> None:
        """Print the figures; assert that no request failed, that nothing acknowledged is missing, and a short gap."""
        self.tell(what)
        self.nothing_lost()
        assert self.found["failed"] == 0, self.found["failures"]
        assert self.found["gap"] < LONGEST_GAP, self.found

    def tell(self, what: str) -> None:
        """Print the figures of a fault."""
        found = self.found
        lines = (
            f"longest gap of durable writes {found['gap']:.2f} s (from {found['gap_began']})",
            f"longest request {found['longest']:.2f} s, {found['failed']} of {found['requests']} requests failed",
            f"{found['missing_writes']} of {found['writes']} writes lost",
            f"{len(found['lost_tasks'])} of {found['tasks']} tasks lost, {found['doubled_tasks']} doubled",
            f"{found['repeated_tasks']} tasks run again",
            f"attempts repeated: {found['retries'] or 'none'}",
        )
        print(f"\n{what}: {'; '.join(lines)}")  # noqa: T201 - it is what the run is for
        for failure in found["failures"][:5]:
            print(f"  {failure}")  # noqa: T201

    def _policy(self) -> dict[str, Any]:
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "client"},
            "spec": {
                "podSelector": {"matchLabels": {"haven-test": "client"}},
                "policyTypes": ["Egress"],
                "egress": [{}],
            },
        }

    def _pod(self) -> dict[str, Any]:
        """A worker's pod that does something else: so it has all that the application has, whatever the chart gives."""
        template = self._release.get("deployment", f"{NAME}-worker")["spec"]["template"]
        spec = template["spec"]
        container = spec["containers"][0]
        container["command"] = ["python3", "/client/main.py"]
        container["env"] += [{"name": "CLIENT_URL", "value": f"http://{NAME}-web.{self._release.namespace}.svc"}]
        container["volumeMounts"].append({"name": "client", "mountPath": "/client", "readOnly": True})
        for probe in ("livenessProbe", "startupProbe", "readinessProbe"):
            container.pop(probe, None)
        spec["volumes"].append({"name": "client", "configMap": {"name": "client"}})
        spec.pop("initContainers", None)
        spec.pop("topologySpreadConstraints", None)
        spec["restartPolicy"] = "Never"
        if self._node:
            spec["nodeName"] = self._node
        labels = template["metadata"]["labels"] | {"haven-test": "client"}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": self._name, "labels": labels}, "spec": spec}
