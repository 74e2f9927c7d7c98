"""Faults that Kubernetes carries out by itself and that take a while: a drain, a rollout."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from app.drill.kube.api import STRATEGIC, NotThere
from app.drill.kube.labels import CLIENTS, COMPONENT, of_release
from app.drill.target import Fault
from app.errors import DrillError

if TYPE_CHECKING:
    from app.drill.kube.api import Api

RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"


class Drain(Fault):
    """Cordons the node of a pod, and evicts the release's pods from it one after another.

    Args:
        api: of the namespace.
        pod: whose node.
        release: whose pods are evicted; no other pod is touched.
    """

    def __init__(self, api: Api, pod: str, release: str) -> None:
        self._api = api
        self._release = release
        self._node: str = api.call("GET", api.core("pods", pod))["spec"]["nodeName"]
        node = api.call("GET", f"/api/v1/nodes/{self._node}")
        if node["spec"].get("unschedulable"):
            raise DrillError(f"node {self._node} is cordoned already: kubectl uncordon {self._node}")
        self._left = [
            each["metadata"]["name"]
            for each in api.list(api.core("pods"), of_release(release), f"spec.nodeName={self._node}")
            if each["metadata"]["labels"].get(COMPONENT) != CLIENTS
        ]
        self._uids = {name: api.call("GET", api.core("pods", name))["metadata"]["uid"] for name in self._left}

    def begin(self) -> str:
        """Cordon it, and evict what may go now."""
        self._cordon(True)
        self.done()
        return f"drain {self._node}: {', '.join(self._uids)}"

    def _cordon(self, value: bool | None) -> None:  # noqa: FBT001 - the field's own value
        body: Any = {"spec": {"unschedulable": value}}
        self._api.call("PATCH", f"/api/v1/nodes/{self._node}", body, kind=STRATEGIC)

    def fired(self) -> bool:
        """Whether a pod is on its way."""
        return len(self._left) < len(self._uids) or not self._uids

    def done(self) -> bool:
        """Evict what may go now; whether all of them have gone."""
        for name in list(self._left):
            body: Any = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            try:
                self._api.call("POST", self._api.core("pods", name, "/eviction"), body)
            except NotThere:
                pass
            except DrillError as error:
                if "disruption budget" in str(error):  # 429: another one must be back first
                    continue
                raise
            self._left.remove(name)
        return not self._left and not any(self._there(name, uid) for name, uid in self._uids.items())

    def _there(self, name: str, uid: str) -> bool:
        try:
            found = self._api.call("GET", self._api.core("pods", name))
        except NotThere:
            return False
        return bool(found["metadata"]["uid"] == uid and found["spec"].get("nodeName") == self._node)

    def end(self) -> None:
        """Uncordon it.

        Raises:
            DrillError: the API does not answer: names the command that does it.
        """
        try:
            self._cordon(None)
        except DrillError as error:
            raise DrillError(f"node {self._node} is cordoned still: kubectl uncordon {self._node} ({error})") from None

    def residue(self) -> list[str]:
        """Whether it is cordoned still."""
        node = self._api.call("GET", f"/api/v1/nodes/{self._node}")
        if not node["spec"].get("unschedulable"):
            return []
        return [f"node {self._node} is cordoned: kubectl uncordon {self._node}"]


class Rollout(Fault):
    """Restarts every Deployment and StatefulSet of the release, as ``kubectl rollout restart`` does.

    Args:
        api: of the namespace.
        release: whose.
    """

    def __init__(self, api: Api, release: str) -> None:
        self._api = api
        self._release = release
        self._before = {path: each["metadata"]["generation"] for path, each in self._all().items()}

    def _all(self) -> dict[str, Any]:
        """Those of the release; the database for trying things out has one copy, so it is left alone."""
        found = {}
        for kind in ("deployments", "statefulsets"):
            for each in self._api.list(self._api.apps(kind), of_release(self._release)):
                if each["metadata"]["labels"].get(COMPONENT) != "postgres":
                    found[self._api.apps(kind, each["metadata"]["name"])] = each
        return found

    def begin(self) -> str:
        """Restart them."""
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        body: Any = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: stamp}}}}}
        for path in self._before:
            self._api.call("PATCH", path, body, kind=STRATEGIC)
        return f"rollout restart of {', '.join(path.rpartition('/')[2] for path in self._before)}"

    def fired(self) -> bool:
        """Whether each has another generation."""
        return all(each["metadata"]["generation"] > self._before[path] for path, each in self._all().items())

    def done(self) -> bool:
        """Whether every pod is a new one and ready."""
        return all(map(_settled, self._all().values()))

    def residue(self) -> list[str]:
        """What is not settled."""
        return [
            f"{path.rpartition('/')[2]} is not settled: kubectl rollout status {'/'.join(path.split('/')[-2:])}"
            for path, each in self._all().items()
            if not _settled(each)
        ]


def _settled(workload: Any) -> bool:
    spec, status = workload["spec"], workload.get("status", {})
    wanted = spec.get("replicas", 1)
    return bool(
        status.get("observedGeneration", 0) >= workload["metadata"]["generation"]
        and status.get("updatedReplicas", 0) >= wanted
        and status.get("readyReplicas", 0) >= wanted
        and status.get("replicas", 0) == wanted
    )
