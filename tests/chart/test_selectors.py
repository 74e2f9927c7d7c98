"""Whatever selects pods finds some, at ports they have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.rendering import CHART, SCENARIOS, Pod, Rendered, render, scenario, selects

CRDS = (
    "--api-versions",
    "monitoring.coreos.com/v1/PodMonitor",
    "--api-versions",
    "monitoring.coreos.com/v1/PrometheusRule",
)


@pytest.fixture(params=SCENARIOS)
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return scenario(request.param, *CRDS)


def found(rendered: Rendered, selector: dict[str, str]) -> list[Pod]:
    return [pod for pod in rendered.pods if selects(pod.labels, selector)]


def test_every_workload_selects_its_own_pods_and_no_others(rendered: Rendered) -> None:
    for kind in ("Deployment", "StatefulSet"):
        for name, each in rendered.of(kind).items():
            assert [pod.owner for pod in found(rendered, each["spec"]["selector"]["matchLabels"])] == [name]


def test_every_service_finds_pods_with_its_ports(rendered: Rendered) -> None:
    for name, each in rendered.of("Service").items():
        selector = {key: value for key, value in each["spec"]["selector"].items() if "statefulset" not in key}
        pods = found(rendered, selector)
        assert pods, name
        for port in each["spec"]["ports"]:
            assert all(port.get("targetPort", port["port"]) in pod.ports for pod in pods), f"{name}: {port}"


def test_every_budget_finds_pods(rendered: Rendered) -> None:
    for name, each in rendered.of("PodDisruptionBudget").items():
        assert found(rendered, each["spec"]["selector"]["matchLabels"]), name


def test_every_policy_and_every_peer_in_it_finds_pods_with_its_ports(rendered: Rendered) -> None:
    for name, each in rendered.of("NetworkPolicy").items():
        spec = each["spec"]
        own = found(rendered, spec["podSelector"]["matchLabels"])
        assert own, name
        for rule in spec.get("ingress", []):
            for pod in own:
                assert all(port["port"] in pod.ports for port in rule["ports"]), f"{name}: {rule}"
        for rule in (*spec.get("ingress", []), *spec.get("egress", [])):
            for peer in (*rule.get("from", []), *rule.get("to", [])):
                if peer.keys() == {"podSelector"} and "app.kubernetes.io/instance" in str(peer):
                    check_peer(rendered, name, peer, rule if "to" in rule else {})


def check_peer(rendered: Rendered, name: str, peer: dict[str, Any], to: dict[str, Any]) -> None:
    pods = found(rendered, peer["podSelector"]["matchLabels"])
    if peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "realtime" and not pods:
        return  # it is off; whoever would be it may be named
    assert pods, f"{name}: {peer}"
    for port in to.get("ports", []):
        assert all(port["port"] in pod.ports for pod in pods), f"{name}: {port}"


def test_the_monitor_finds_every_port_with_metrics(rendered: Rendered) -> None:
    ((_, monitor),) = rendered.of("PodMonitor").items()
    scraped = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
    pods = found(rendered, monitor["spec"]["selector"]["matchLabels"])
    served = {name for pod in pods for name in pod.ports if isinstance(name, str)}
    assert scraped <= served
    assert {"http", "ops", "guardian", "metrics"} & served == scraped


def test_ingress_and_route_lead_to_services_that_are_there() -> None:
    for name in ("production", "monitoring"):
        rendered = scenario(name)
        services = rendered.of("Service")
        backends = []
        for ingress in rendered.of("Ingress").values():
            backends += [path["backend"]["service"]["name"] for path in ingress["spec"]["rules"][0]["http"]["paths"]]
        for route in rendered.of("HTTPRoute").values():
            backends += [backend["name"] for rule in route["spec"]["rules"] for backend in rule["backendRefs"]]
        assert backends
        assert set(backends) <= services.keys()


def test_monitoring_follows_the_cluster_unless_it_is_told_otherwise() -> None:
    assert render().of("PodMonitor") == {}
    assert render(*CRDS).of("PodMonitor") != {}
    assert render(*CRDS, "--set", "monitoring.podMonitor.enabled=false").of("PodMonitor") == {}
    told = render("--set", "monitoring.podMonitor.enabled=true,monitoring.podMonitor.labels.prometheus=main")
    ((_, monitor),) = told.of("PodMonitor").items()
    assert monitor["metadata"]["labels"]["prometheus"] == "main"


def test_every_file_of_alerts_is_shipped() -> None:
    files = {path.stem for path in (CHART / "files" / "alerts").glob("*.yaml")}
    assert {f"shop-haven-{name}" for name in files} == render(*CRDS).of("PrometheusRule").keys()
