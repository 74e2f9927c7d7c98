"""Who may talk to whom: every edge of the release, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from app.drill.kube.labels import CUT_OFF, DRILL, NO_DNS
from tests.chart.rendering import Rendered, render, scenario

APP = ("web", "realtime", "worker", "subscriber")
REDIS = {(each, "redis", port) for each in (*APP, "redis") for port in (6379, 26379)}
REDIS |= {("redis", "redis", 9200), ("test", "redis", 6379), ("test", "redis", 26379)}
POSTGRES = {(each, "postgres", 5432) for each in (*APP, "migrate", "test")}


def component(peer: dict[str, Any]) -> str:
    found: str = peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/component", "")
    return found


def edges(rendered: Rendered, direction: str) -> set[tuple[str, str, int]]:
    """From, to and port, of peers within the release."""
    near, far = ("ingress", "from") if direction == "ingress" else ("egress", "to")
    found = set()
    for each in rendered.of("NetworkPolicy").values():
        own = component(each["spec"])
        for rule in each["spec"].get(near, []):
            for peer in filter(component, rule.get(far, [])):
                for port in rule["ports"]:
                    pair = (component(peer), own) if direction == "ingress" else (own, component(peer))
                    found.add((*pair, port["port"]))
    return found


def test_nothing_is_allowed_that_is_not_named() -> None:
    default = render().one("NetworkPolicy", "shop-haven-default-deny")["spec"]
    assert default == {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "haven", "app.kubernetes.io/instance": "shop"}},
        "policyTypes": ["Ingress", "Egress"],
    }


def test_the_edges_within_the_release() -> None:
    rendered = render()
    assert edges(rendered, "ingress") == REDIS | POSTGRES
    assert edges(rendered, "egress") == REDIS | POSTGRES | {("test", "web", 8000), ("test", "realtime", 8000)}


def test_every_pod_may_ask_for_names_but_the_database() -> None:
    policies = render().of("NetworkPolicy")
    names = [
        name
        for name, each in policies.items()
        for rule in each["spec"].get("egress", [])
        if {"port": 53, "protocol": "UDP"} in rule["ports"]
    ]
    assert names == ["shop-haven-dns"]
    selector = policies["shop-haven-dns"]["spec"]["podSelector"]
    assert {"key": "app.kubernetes.io/component", "operator": "NotIn", "values": ["postgres"]} in selector[
        "matchExpressions"
    ]


def test_what_a_drill_cuts_off_is_let_through_by_no_policy() -> None:
    policies = render("--set", "drill.enabled=true").of("NetworkPolicy")
    policies.pop("shop-haven-default-deny")
    for name, each in policies.items():
        closed = [
            expression["values"]
            for expression in each["spec"]["podSelector"]["matchExpressions"]
            if (expression["key"], expression["operator"]) == (DRILL, "NotIn")
        ]
        assert closed, name
        assert CUT_OFF in closed[0], name
        assert (NO_DNS in closed[0]) is (name == "shop-haven-dns"), name


def test_a_drill_by_itself_reaches_the_api_server_and_prometheus_and_nothing_else() -> None:
    assert "shop-haven-drill-runner" not in render().of("NetworkPolicy")
    drill = ("--set", "drill.enabled=true")
    (rule,) = render(*drill).one("NetworkPolicy", "shop-haven-drill-runner")["spec"]["egress"]
    assert rule == {"ports": [{"port": 443}, {"port": 6443}]}
    named = render(*drill, "--set", "drill.prometheus=http://prometheus.monitoring:9090")
    rules = named.one("NetworkPolicy", "shop-haven-drill-runner")["spec"]["egress"]
    assert "monitoring" in str(rules[1]["to"])


def test_only_monitoring_reads_the_ports_of_operation() -> None:
    rendered = render()
    monitoring = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    for each in ("worker", "subscriber"):
        spec = rendered.one("NetworkPolicy", f"shop-haven-{each}")["spec"]
        assert spec["ingress"] == [{"from": monitoring, "ports": [{"port": "ops"}]}]
    redis = rendered.one("NetworkPolicy", "shop-haven-redis")["spec"]["ingress"]
    assert {"from": monitoring, "ports": [{"port": 9200}, {"port": 9121}]} in redis
    closed = render("--set", "networkPolicy.monitoringFrom=null")
    assert "ingress" not in closed.one("NetworkPolicy", "shop-haven-worker")["spec"]


@pytest.mark.parametrize("each", ["web", "realtime"])
def test_web_is_open_until_its_doors_are_named(each: str) -> None:
    assert render().one("NetworkPolicy", f"shop-haven-{each}")["spec"]["ingress"] == [{"ports": [{"port": "http"}]}]
    named = scenario("production").one("NetworkPolicy", f"shop-haven-{each}")["spec"]["ingress"]
    peers = [peer for rule in named for peer in rule["from"]]
    assert [component(peer) for peer in peers if component(peer)] == ["test"]
    names = [str(peer["namespaceSelector"]) for peer in peers if "namespaceSelector" in peer]
    assert ["ingress-nginx" in names[0], "monitoring" in names[1]] == [True, True]


@pytest.mark.parametrize(
    ("name", "cidr", "ports"),
    [
        ("external-redis", "10.30.0.0/24", {6380}),
        ("external-sentinel", "10.30.0.0/24", {6379, 26379, 26380}),
        ("production", "10.20.0.0/24", {5432}),
    ],
)
def test_what_is_outside_is_reached_at_its_address_and_ports_alone(name: str, cidr: str, ports: set[int]) -> None:
    egress = scenario(name).one("NetworkPolicy", "shop-haven-web")["spec"]["egress"]
    (rule,) = [rule for rule in egress if {"ipBlock": {"cidr": cidr}} in rule.get("to", [])]
    assert {port["port"] for port in rule["ports"]} == ports


@pytest.mark.parametrize(
    ("name", "ports"), [("external-redis", set()), ("standalone", set()), ("external-sentinel", {6379, 26379, 26380})]
)
def test_helm_test_reaches_a_redis_of_ones_own_only_where_it_asks_sentinels(name: str, ports: set[int]) -> None:
    outside = ({"ipBlock": {"cidr": "10.30.0.0/24"}}, {"podSelector": {"matchLabels": {"app": "redis"}}})
    rules = scenario(name).one("NetworkPolicy", "shop-haven-test")["spec"]["egress"]
    reached = [rule for rule in rules if any(peer in outside for peer in rule.get("to", []))]
    assert {port["port"] for rule in reached for port in rule["ports"]} == ports


def test_further_egress_is_for_the_application_alone() -> None:
    rendered = render("--set", "networkPolicy.extraEgress[0].ports[0].port=443")
    rule = {"ports": [{"port": 443}]}
    reached = [name for name, each in rendered.of("NetworkPolicy").items() if rule in each["spec"].get("egress", [])]
    assert reached == [
        f"shop-haven-{name}" for name in sorted(APP, key=["web", "realtime", "worker", "subscriber"].index)
    ]


def test_policies_can_be_off() -> None:
    assert render("--set", "networkPolicy.enabled=false").of("NetworkPolicy") == {}
