"""What the world sees: every page and every resource, and none of the probes and metrics."""

from __future__ import annotations

import pytest

from app import create_app
from app.config import load_config
from tests.chart.rendering import environment, render, scenario

INSIDE = {"/livez", "/readyz", "/health", "/metrics"}
OPERATIONS = "/ops"


def leads_to(path: str, name: str = "production") -> str:
    """The component that an Ingress sends a path to, by the rules of the API: exact first, then the longest prefix."""
    ((_, ingress),) = scenario(name).of("Ingress").items()
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    exact = [each for each in paths if each["pathType"] == "Exact" and each["path"] == path]
    parts = path.split("/")
    prefixes = [
        each
        for each in paths
        if each["pathType"] == "Prefix" and parts[: len(each["path"].split("/"))] == each["path"].split("/")
    ]
    found = exact or sorted(prefixes, key=lambda each: -len(each["path"]))
    if not found:
        return ""
    service: str = found[0]["backend"]["service"]["name"]
    return service.rpartition("-")[2]


def rules() -> list[str]:
    application = create_app(load_config({"HAVEN_ENV": "testing"}))
    found = [rule.rule for rule in application.url_map.iter_rules()]
    application.extensions["haven"].close()
    return sorted(set(found))


@pytest.mark.parametrize("rule", rules())
def test_every_route_of_the_application_is_let_in_but_those_for_the_cluster(rule: str) -> None:
    inside = rule in INSIDE or rule == OPERATIONS or rule.startswith(f"{OPERATIONS}/")
    assert (leads_to(rule) != "") is not inside


def test_streams_go_to_realtime_and_requests_to_web() -> None:
    assert leads_to("/api/events") == "realtime"
    assert leads_to("/api/products/1") == "web"
    assert leads_to("/") == "web"


def test_without_realtime_web_serves_the_streams() -> None:
    rendered = render("--set", "ingress.enabled=true,ingress.host=a.example.com,realtime.enabled=false")
    assert "realtime" not in str(rendered.of("Ingress"))
    assert [each for each in rendered.objects if each["metadata"]["name"].endswith("-realtime")] == []
    assert "--events-url" not in str(rendered.pod("test").containers)


def test_the_gateway_lets_in_the_same_as_the_ingress() -> None:
    ((_, ingress),) = scenario("production").of("Ingress").items()
    ((_, route),) = scenario("monitoring").of("HTTPRoute").items()
    kinds = {"PathPrefix": "Prefix", "Exact": "Exact"}
    matches = [
        (kinds[match["path"]["type"]], match["path"]["value"], rule["backendRefs"][0]["name"])
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
    ]
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    assert matches == [(each["pathType"], each["path"], each["backend"]["service"]["name"]) for each in paths]


def test_the_service_is_for_the_cluster_alone() -> None:
    for name in ("shop-haven-web", "shop-haven-realtime"):
        assert render().one("Service", name)["spec"]["type"] == "ClusterIP"


@pytest.mark.parametrize(
    ("arguments", "proxies"),
    [
        ("web.replicas=2", "0"),
        ("ingress.enabled=true,ingress.host=a.example.com", "1"),
        ("httpRoute.enabled=true,httpRoute.parentRefs[0].name=public", "1"),
        ("ingress.enabled=true,ingress.host=a.example.com,web.trustedProxies=2", "2"),
        ("ingress.enabled=true,ingress.host=a.example.com,web.trustedProxies=0", "0"),
    ],
)
def test_the_clients_address_is_taken_from_the_proxies_that_are_there(arguments: str, proxies: str) -> None:
    for component in ("web", "realtime"):
        (container,) = render("--set", arguments).pod(component).spec["containers"]
        assert environment(container)["HAVEN_TRUSTED_PROXIES"] == proxies
