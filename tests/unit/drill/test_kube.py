from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.drill.experiment import FaultSpec, Probes
from app.drill.kube import target as targets
from app.drill.kube.api import Api, NotThere, Running
from app.drill.kube.clients import KubeClients
from app.drill.kube.faults import KillProcess, Label
from app.drill.kube.labels import CLIENTS, CUT_OFF
from app.drill.kube.moves import Drain, Rollout
from app.drill.kube.target import KubeTarget
from app.errors import DrillError
from tests.unit.drill.kube_api import KubeApi, items, pod

if TYPE_CHECKING:
    from collections.abc import Iterator

PODS = "/api/v1/namespaces/sales/pods"
NODE = "/api/v1/nodes/n1"
DEPLOYMENTS = "/apis/apps/v1/namespaces/sales/deployments"
SETS = "/apis/apps/v1/namespaces/sales/statefulsets"
POLICIES = "/apis/networking.k8s.io/v1/namespaces/sales/networkpolicies"
SERVICES = "/api/v1/namespaces/sales/services"


@pytest.fixture
def server() -> Iterator[KubeApi]:
    with KubeApi() as made:
        yield made


@pytest.fixture
def api(server: KubeApi) -> Api:
    return Api(server, "sales")


def deployment(name: str = "shop-haven-web", component: str = "web", status: Any = None) -> dict[str, Any]:
    made = pod(name, component)
    made["metadata"] |= {"generation": 3}
    template = {
        "metadata": {"labels": {"app.kubernetes.io/name": "haven", "app.kubernetes.io/instance": "shop"}},
        "spec": {
            "containers": [
                {"name": "web", "image": "haven:1", "command": ["haven", "web"], "ports": [], "livenessProbe": {}}
            ],
            "initContainers": [{}],
            "volumes": [{"name": "tmp"}],
        },
    }
    good = {"observedGeneration": 3, "updatedReplicas": 2, "readyReplicas": 2, "replicas": 2}
    return {**made, "spec": {"replicas": 2, "template": template}, "status": {**good, **(status or {})}}


def test_what_the_server_refuses_is_told_in_its_words(server: KubeApi, api: Api) -> None:
    server.answers["POST", PODS] = lambda: (403, {"message": "pods is forbidden: no rights"})
    with pytest.raises(DrillError, match=r"POST .*/pods: pods is forbidden: no rights"):
        api.call("POST", PODS, {})
    with pytest.raises(NotThere):
        api.call("GET", api.core("pods", "gone"))
    server.answers["GET", PODS] = lambda: (200, "no JSON")
    with pytest.raises(DrillError, match="does not answer GET"):
        api.list(PODS)


def test_a_log_is_followed_to_its_end(server: KubeApi, api: Api) -> None:
    server.answers["GET", f"{PODS}/a/log"] = lambda: (200, "one\ntwo\n")
    assert list(api.follow("a", "probe")) == ["one", "two"]
    assert server.seen[-1][2] == {"container": ["probe"], "follow": ["true"]}
    with pytest.raises(DrillError, match="the log of b can't be had"):
        list(api.follow("b", "probe"))


class Socket:
    """The frames of an exec."""

    def __init__(self, *frames: bytes) -> None:
        self._frames = list(frames)

    def recv(self, timeout: float) -> bytes:
        del timeout
        if not self._frames:
            raise TimeoutError
        return self._frames.pop(0)

    def close(self) -> None:
        self._frames.clear()


def test_an_exec_succeeds_by_what_it_printed_and_fails_by_its_status() -> None:
    good = Running("it", Socket(b"\x01do", b"\x01ne", b'\x03{"status":"Success"}'))
    assert good.finish(1, "done") == "done"
    bad = Running("it", Socket(b"\x02no such key\n", b'\x03{"status":"Failure","message":"exit 1"}'))
    with pytest.raises(DrillError, match="it failed: no such key"):
        bad.finish(1, "done")
    other = Running("it", Socket(b"\x01refused", b'\x03{"status":"Success"}'))
    with pytest.raises(DrillError, match="it failed"):
        other.finish(1, "done")
    with pytest.raises(DrillError, match="said nothing for 1 s"):
        Running("it", Socket(b"\x01do")).finish(1, "done")


def test_a_drain_evicts_the_releases_pods_and_waits_for_budgets(server: KubeApi, api: Api) -> None:
    mine = [pod("shop-haven-web-1", "web"), pod("shop-haven-redis-0", "redis"), pod("shop-haven-drill-1", CLIENTS)]
    server.objects |= {f"{PODS}/{each['metadata']['name']}": each for each in mine}
    server.objects |= {PODS: items(*mine), NODE: {"spec": {}}}
    server.answers["PATCH", NODE] = lambda: (200, {})
    budget = iter([(429, {"message": "Cannot evict pod as it would violate the pod's disruption budget."}), (201, {})])
    server.answers["POST", f"{PODS}/shop-haven-redis-0/eviction"] = lambda: next(budget)
    server.answers["POST", f"{PODS}/shop-haven-web-1/eviction"] = lambda: (201, {})
    drain = Drain(api, "shop-haven-redis-0", "shop")
    drain.begin()
    assert drain.fired()
    assert not drain.done()  # evicted, and not gone
    for name in ("shop-haven-web-1", "shop-haven-redis-0"):
        server.objects[f"{PODS}/{name}"] = pod(name, "web", spec={"nodeName": "n2"})
    assert drain.done()
    drain.end()
    cordons = [body for method, path, _, body in server.seen if (method, path) == ("PATCH", NODE)]
    assert cordons == [{"spec": {"unschedulable": True}}, {"spec": {"unschedulable": None}}]
    assert not [path for path in server.sent("POST") if "drill" in path]
    assert drain.residue() == []


def test_a_node_that_somebody_cordoned_is_left_alone(server: KubeApi, api: Api) -> None:
    server.objects |= {f"{PODS}/a": pod("a", "redis"), NODE: {"spec": {"unschedulable": True}}}
    with pytest.raises(DrillError, match="kubectl uncordon n1"):
        Drain(api, "a", "shop")


def test_a_cordon_that_stays_is_named(server: KubeApi, api: Api) -> None:
    server.objects |= {f"{PODS}/a": pod("a", "redis"), PODS: items(), NODE: {"spec": {}}}
    drain = Drain(api, "a", "shop")
    server.objects[NODE] = {"spec": {"unschedulable": True}}
    server.answers["PATCH", NODE] = lambda: (500, {"message": "etcd is away"})
    with pytest.raises(DrillError, match=r"kubectl uncordon n1 \(.*etcd is away\)"):
        drain.end()
    assert drain.residue() == ["node n1 is cordoned: kubectl uncordon n1"]


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        ({}, True),
        ({"observedGeneration": 2}, False),
        ({"updatedReplicas": 1}, False),
        ({"readyReplicas": 1}, False),
        ({"replicas": 3}, False),
    ],
)
def test_a_rollout_is_over_when_every_pod_is_new_and_ready(
    server: KubeApi, api: Api, status: dict[str, int], *, settled: bool
) -> None:
    server.objects |= {DEPLOYMENTS: items(deployment(status=status)), SETS: items()}
    rollout = Rollout(api, "shop")
    assert rollout.done() is settled
    assert (rollout.residue() == []) is settled


def test_a_rollout_restarts_everything_but_the_database(server: KubeApi, api: Api) -> None:
    server.objects |= {
        DEPLOYMENTS: items(deployment()),
        SETS: items(deployment("shop-haven-redis", "redis"), deployment("shop-haven-postgres", "postgres")),
    }
    for path in (f"{DEPLOYMENTS}/shop-haven-web", f"{SETS}/shop-haven-redis"):
        server.answers["PATCH", path] = lambda: (200, {})
    rollout = Rollout(api, "shop")
    assert rollout.begin() == "rollout restart of shop-haven-web, shop-haven-redis"
    assert not rollout.fired()


def test_a_label_is_taken_away_also_from_a_pod_that_has_gone(server: KubeApi, api: Api) -> None:
    server.answers["PATCH", f"{PODS}/a"] = lambda: (200, {})
    label = Label(api, ["a", "gone"], CUT_OFF, "shop")
    label.end()
    server.answers["PATCH", f"{PODS}/a"] = lambda: (500, {"message": "away"})
    with pytest.raises(DrillError, match="kubectl label pod a haven-drill- "):
        label.end()


def test_a_killed_process_is_seen_while_it_waits_for_its_restart(server: KubeApi, api: Api) -> None:
    def state(restarts: int, now: str) -> dict[str, Any]:
        container = {"name": "worker", "restartCount": restarts, "state": {now: {}}}
        return pod("w", "worker", status={"containerStatuses": [container], "conditions": []})

    server.objects[f"{PODS}/w"] = state(4, "running")
    kill = KillProcess(api, "w", "worker")
    assert not kill.fired()
    server.objects[f"{PODS}/w"] = state(4, "waiting")
    assert kill.fired()
    server.objects[f"{PODS}/w"] = state(5, "running")
    assert kill.fired()
    assert kill.residue() == ["w is not ready: kubectl logs w --previous"]


@pytest.fixture
def release(server: KubeApi, monkeypatch: pytest.MonkeyPatch) -> KubeApi:
    """A release `shop` in namespace `sales`, and the way to it."""
    monkeypatch.setattr(targets, "find_door", lambda _: server)
    service = {"metadata": {"name": "shop-haven-redis-1"}, "spec": {"clusterIP": "10.0.0.7"}}
    redis = [pod(f"shop-haven-redis-{place}", "redis") for place in range(3)]
    server.objects |= {
        DEPLOYMENTS: items(deployment()),
        SETS: items(),
        SERVICES: items(service),
        PODS: items(*redis, pod("shop-haven-worker-b", "worker"), pod("shop-haven-worker-a", "worker")),
        POLICIES: items({}),
    }
    return server


def found(allow: tuple[str, ...] = ("sales",), namespace: str | None = "sales") -> KubeTarget:
    return KubeTarget(namespace=namespace, release="shop", context=None, allow=allow)


def test_only_in_a_namespace_that_is_allowed(release: KubeApi) -> None:
    with pytest.raises(DrillError, match="--target kube needs --namespace"):
        found(namespace=None)
    with pytest.raises(DrillError, match=r"'sales' is not one where drills may be run \(none is\)"):
        found(allow=())
    assert found(allow=("test, sales",)).name == "kube"
    assert release.seen


def test_only_a_release_of_haven(release: KubeApi) -> None:
    release.objects[DEPLOYMENTS] = items()
    with pytest.raises(DrillError, match="there is no release 'shop' of Haven in namespace 'sales'"):
        found()
    assert release.closed


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("10.0.0.7:6379", "redis-1"),
        ("10.0.0.7:26379", "sentinel-1"),
        ("shop-haven-redis-1.sales.svc:26379", "sentinel-1"),
        ("10.0.0.9:6379", "10.0.0.9:6379"),
    ],
)
@pytest.mark.usefixtures("release")
def test_addresses_have_names(address: str, name: str) -> None:
    assert found().node(address) == name


@pytest.mark.usefixtures("release")
def test_what_can_not_be_done_in_a_cluster_is_refused_with_what_can() -> None:
    (said,) = found().refusals(FaultSpec(kind="power-cut"))
    assert "primary-partition comes nearest" in said
    with pytest.raises(DrillError, match="can't be made in a cluster"):
        found().fault(FaultSpec(kind="power-cut"), "redis-1")


def test_a_network_without_policies_can_not_be_cut(release: KubeApi) -> None:
    assert found().refusals(FaultSpec(kind="partition")) == []
    release.objects[POLICIES] = items()
    assert "set networkPolicy.enabled" in found().refusals(FaultSpec(kind="partition"))[0]


@pytest.mark.usefixtures("release")
@pytest.mark.parametrize(
    ("spec", "pods"),
    [
        (FaultSpec(kind="kill", where="primary"), ["shop-haven-redis-1"]),
        (FaultSpec(kind="kill", where="replica"), ["shop-haven-redis-0"]),
        (FaultSpec(kind="freeze", where="sentinels"), ["shop-haven-redis-0", "shop-haven-redis-2"]),
        (FaultSpec(kind="kill", where="redis"), [f"shop-haven-redis-{place}" for place in range(3)]),
    ],
)
def test_who_is_meant(spec: FaultSpec, pods: list[str]) -> None:
    fault: Any = found().fault(spec, "redis-1")
    assert fault._pods == pods


@pytest.mark.usefixtures("release")
def test_a_primary_that_is_none_of_the_releases_is_not_touched() -> None:
    with pytest.raises(DrillError, match=r"the primary 10\.0\.0\.9:6379 is none of the release's pods"):
        found().fault(FaultSpec(kind="kill"), "10.0.0.9:6379")


def test_the_clients_pod_serves_nothing_and_ends_by_itself(server: KubeApi, api: Api) -> None:
    server.answers["POST", PODS] = lambda: (201, {})
    server.objects[f"{PODS}/shop-haven-drill-ab12"] = {"status": {"phase": "Running"}}
    server.answers["DELETE", f"{PODS}/shop-haven-drill-ab12"] = lambda: (200, {})
    clients = KubeClients(api, deployment(), "2026-x-ab12", Probes(), 60.0, ("http://a", "http://b"))
    made = next(body for method, _, _, body in server.seen if method == "POST")
    container = made["spec"]["containers"][0]
    assert container["command"][:3] == ["haven", "drill", "probe"]
    assert {"ports", "livenessProbe"}.isdisjoint(container)
    assert "initContainers" not in made["spec"]
    assert made["spec"]["activeDeadlineSeconds"] == 360
    assert made["metadata"]["labels"]["app.kubernetes.io/component"] == CLIENTS
    clients.close()
    assert server.sent("DELETE") == [f"{PODS}/shop-haven-drill-ab12"]
