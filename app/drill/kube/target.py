"""A release of the chart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from app.drill.kube.api import Api, NotThere
from app.drill.kube.clients import KubeClients
from app.drill.kube.door import find_door
from app.drill.kube.faults import Hand, Handover, KillProcess, Label, labelled
from app.drill.kube.labels import COMPONENT, CUT_OFF, HAVEN, NO_DNS, PART_OF, of_release
from app.drill.kube.moves import Drain, Rollout
from app.errors import DrillError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.drill.experiment import FaultSpec, Probes
    from app.drill.records import Record
    from app.drill.target import Fault

ELSEWHERE: Final = {
    "power-cut": "a node's power can't be cut through the API: primary-partition comes nearest",
}
SENTINELS: Final = frozenset({"sentinel", "sentinels"})
_DNS: Final = ("web", "worker", "subscriber", "realtime")


class KubeTarget:
    """A release.

    Args:
        namespace: of it.
        release: its name.
        context: of kubectl's configuration; None for the current one, or the pod's own account.
        allow: namespaces in which drills may be run.

    Raises:
        DrillError: the namespace is not among them, or nothing of Haven is there.
    """

    name = "kube"
    prometheus = ""

    def __init__(
        self, namespace: str | None, release: str, context: str | None, allow: Sequence[str], **_: object
    ) -> None:
        allowed = [each for text in allow for each in text.replace(",", " ").split()]
        if not namespace:
            raise DrillError("--target kube needs --namespace: that of the release")
        if namespace not in allowed:
            raise DrillError(
                f"namespace {namespace!r} is not one where drills may be run ({', '.join(allowed) or 'none is'}): "
                f"allow it with --allow {namespace}, or in HAVEN_DRILL_NAMESPACES"
            )
        self._namespace = namespace
        self._release = release
        self._door = find_door(context)
        try:
            self._api = Api(self._door, namespace)
            self._web = self._find_web()
        except DrillError:
            self._door.close()
            raise
        self._fullname: str = self._web["metadata"]["name"].removesuffix("-web")
        self._names = {
            f"{each['spec']['clusterIP']}": each["metadata"]["name"].removeprefix(f"{self._fullname}-")
            for each in self._api.list(self._api.core("services"), of_release(release, "redis"))
        }

    def _find_web(self) -> Any:
        """The web application's Deployment: what bears no label of Haven is nobody's to break."""
        found = self._api.list(self._api.apps("deployments"), of_release(self._release, "web"))
        if len(found) != 1:
            raise DrillError(
                f"there is no release {self._release!r} of Haven in namespace {self._namespace!r} (no Deployment with "
                f"the labels {of_release(self._release, 'web')}): give --release"
            )
        return found[0]

    def describe(self) -> dict[str, str]:
        """Versions, place, and a digest of what the release consists of."""
        api = self._api
        specs = [
            [each["metadata"]["name"], each["spec"]]
            for kind in ("deployments", "statefulsets")
            for each in api.list(api.apps(kind), of_release(self._release))
        ]
        return {
            "haven": version("haven"),
            "where": f"{self._namespace}/{self._release}",
            "chart": self._web["metadata"]["labels"].get("helm.sh/chart", "none"),
            "image": self._web["spec"]["template"]["spec"]["containers"][0]["image"],
            "kubernetes": api.call("GET", "/version")["gitVersion"],
            "configuration": hashlib.sha256(json.dumps(specs, sort_keys=True).encode()).hexdigest()[:12],
        }

    def refusals(self, fault: FaultSpec) -> list[str]:
        """Why it can't be made here."""
        found = labelled(self._api, self._release)
        if fault.kind in ELSEWHERE:
            found.append(f"fault {fault.kind!r} can't be made in a cluster: {ELSEWHERE[fault.kind]}")
        if fault.kind in {"partition", "dns"} and not self._policies():
            found.append("the release has no network policies to cut it off with: set networkPolicy.enabled")
        if not self._pods("redis"):
            found.append("the release has no Redis of its own (redis.enabled is false): drills break that one only")
        return found

    def _policies(self) -> bool:
        path = f"/apis/networking.k8s.io/v1/namespaces/{self._namespace}/networkpolicies"
        return bool(self._api.list(path, of_release(self._release, "redis")))

    def clients(self, run: str, probes: Probes, longest: float) -> KubeClients:
        """Start a probe in a pod."""
        url = f"http://{self._fullname}-web"
        try:
            self._api.call("GET", self._api.core("services", f"{self._fullname}-realtime"))
            events = f"http://{self._fullname}-realtime"
        except NotThere:
            events = url
        return KubeClients(self._api, self._web, run, probes, longest, (url, events))

    def node(self, address: str) -> str:
        """redis-0 and so on: by the address of its Service, or by its name."""
        host, _, port = address.rpartition(":")
        name = self._names.get(host) or next((each for each in self._names.values() if f"-{each}." in f"-{host}."), "")
        if not name:
            return address
        return name.replace("redis", "sentinel") if port == "26379" else name

    def record(self, record: Record, report: str) -> None:
        """Keep a record: a web pod writes it, as no Redis is in reach from here."""
        body = json.dumps({"record": asdict(record), "report": report}).encode()
        pods = [each for each in self._pods("web") if _ready(each)]
        if not pods:
            raise DrillError("no web pod is ready")
        command = ["haven", "drill", "record", "--bytes", str(len(body))]
        self._api.run(pods[0]["metadata"]["name"], "web", command, record.id, stdin=body, timeout=60)

    def close(self) -> None:
        """Shut the door to the API server."""
        self._door.close()

    def fault(self, spec: FaultSpec, primary: str) -> Fault:
        """Make ready to break something."""
        api, release, seconds = self._api, self._release, spec.seconds
        if spec.kind == "rollout":
            return Rollout(api, release)
        if spec.kind == "dns":
            return Label(api, [each["metadata"]["name"] for name in _DNS for each in self._pods(name)], NO_DNS, release)
        if spec.where in {"worker", "web"}:
            return KillProcess(api, self._one(spec.where), spec.where)
        pods = self._redis(spec.where, primary)
        hand = partial(Hand, api, pods)
        made: dict[str, Callable[[], Fault]] = {
            "kill": lambda: hand("kill", seconds, "Redis ends at once"),
            "erase": lambda: hand("erase", seconds, "the data are removed, Redis ends at once"),
            "freeze": lambda: hand("freeze", seconds, f"one script takes all of Redis for {seconds:g} s"),
            "busy": lambda: hand("busy", seconds, "scripts of 0.2 s, one after another"),
            "fill": lambda: hand("fill", seconds, "the memory is filled"),
            "handover": lambda: Handover(api, pods[0]),
            "partition": lambda: Label(api, pods, CUT_OFF, release, hand("sever", seconds, "connections are cut")),
            "drain": lambda: Drain(api, pods[0], release),
        }
        if spec.kind not in made:
            raise DrillError(f"fault {spec.kind!r} can't be made in a cluster: {ELSEWHERE.get(spec.kind, '')}")
        if spec.kind == "freeze" and spec.where in SENTINELS:
            return hand("silence", seconds, "the Sentinel ends, and ends again when it is back")
        return made[spec.kind]()

    def _redis(self, where: str, primary: str) -> list[str]:
        names = sorted(each["metadata"]["name"] for each in self._pods("redis"))
        mine = f"{self._fullname}-{primary}"
        if mine not in names:
            raise DrillError(f"the primary {primary} is none of the release's pods ({', '.join(names)})")
        others = [name for name in names if name != mine]
        chosen = {"primary": [mine], "replica": others[:1], "sentinel": others[:1], "sentinels": others[:2]}
        return chosen.get(where, names)

    def _one(self, component: str) -> str:
        pods = [each["metadata"]["name"] for each in self._pods(component) if _ready(each)]
        if not pods:
            raise DrillError(f"no {component} pod is ready")
        return str(min(pods))

    def _pods(self, component: str) -> list[dict[str, Any]]:
        return [
            each
            for each in self._api.list(self._api.core("pods"), of_release(self._release, component))
            if each["metadata"]["labels"].get(PART_OF) == HAVEN
            and each["metadata"]["labels"].get(COMPONENT) == component
        ]


def _ready(pod: Any) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
