"""k8s/ is what the chart says: the base, each component on it, and overlays that hold only what differs."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scripts.chart_secret import passwords
from scripts.k8s_base import KEYS, RenderError, identity, pages, render, stale
from tests.chart.rendering import K8S, OVERLAYS, Rendered, build, overlay, tool

if TYPE_CHECKING:
    from pathlib import Path

VALUES = K8S / "base" / "values.yaml"
COMPONENTS = sorted(path.parent.name for path in K8S.glob("components/*/values.yaml"))
MIGRATE = ["haven", "migrate", "--patience", "600"]
OUTSIDE = {"externalRedis": {"host": "redis.example.com", "port": 6380}}
ADDRESS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "haven-external-redis", "annotations": {"config.kubernetes.io/local-config": "true"}},
    "data": {"host": "redis.example.com", "port": "6380"},
}


def together(directory: Path, components: list[str], **more: Any) -> Rendered:
    """What the base is with components."""
    near = os.path.relpath(K8S, directory)
    made = {
        "resources": [f"{near}/base", "address.yaml"],
        "components": [f"{near}/components/{name}" for name in components],
        **more,
    }
    (directory / "address.yaml").write_text(yaml.safe_dump(ADDRESS))
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(made))
    return build(directory)


def by_key(value: Any, name: str = "") -> Any:
    """The same with the order left out where it says nothing."""
    if isinstance(value, dict):
        return {key: by_key(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return {each[KEYS[name]]: by_key(each) for each in value} if name in KEYS else [by_key(each) for each in value]
    return value


def comparable(objects: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {identity(each): by_key(each) for each in objects}


def as_kustomize_has_it(objects: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """The chart's objects, with the one thing that the base does otherwise."""
    for each in objects:
        if identity(each) == ("Deployment", "haven-subscriber"):
            each["spec"]["template"]["spec"]["initContainers"][0] |= {"name": "migrate", "command": MIGRATE}
    return comparable(objects)


def without_hash(rendered: Rendered) -> dict[tuple[str, str], Any]:
    text = re.sub(r"\bhaven-redis-[a-z0-9]{10}\b", "haven-redis", rendered.text)
    return comparable([each for each in yaml.safe_load_all(text) if each])


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    tool("helm")
    tool("kubectl")


def test_the_generated_files_are_up_to_date() -> None:
    found = pages()
    for path, text in found.items():
        assert path.read_text() == text, f"{path.relative_to(K8S.parent)} is out of date: run `make k8s`"
    assert stale(found) == [], "not generated any more: run `make k8s`"


def test_the_base_is_the_chart_in_any_namespace() -> None:
    assert without_hash(build(K8S / "base")) == as_kustomize_has_it(render(VALUES))
    assert "namespace: " not in build(K8S / "base").text


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_makes_of_the_base_what_its_values_make_of_the_chart(name: str, tmp_path: Path) -> None:
    values = [VALUES, K8S / "components" / name / "values.yaml"]
    if name == "external-redis":
        values.append(tmp_path / "values.yaml")
        values[-1].write_text(yaml.safe_dump(OUTSIDE))
    assert without_hash(together(tmp_path, [name])) == as_kustomize_has_it(render(*values))


def test_all_components_go_together(tmp_path: Path) -> None:
    # but for redis-tls, which is about the Redis that external-redis takes away
    order = sorted(set(COMPONENTS) - {"redis-tls"}, key=lambda name: (name != "network-policies", name))
    rendered = together(tmp_path, order)
    assert {pod.component for pod in rendered.pods} == {"web", "realtime", "worker", "subscriber"}
    assert [name for name in rendered.of("NetworkPolicy") if name.endswith(("-redis", "-postgres"))] == []
    assert [name for name in rendered.of("ConfigMap") if "-dashboard-" not in name] == []


def test_an_external_redis_without_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nothing selected by ConfigMap"):
        together(tmp_path, ["external-redis"], resources=[f"{os.path.relpath(K8S, tmp_path)}/base"])


def test_another_redis_conf_restarts_redis(tmp_path: Path) -> None:
    def mounted(rendered: Rendered) -> list[str]:
        volumes = rendered.pod("redis").spec["volumes"]
        return [each["configMap"]["name"] for each in volumes if "configMap" in each]

    (tmp_path / "redis.conf").write_text("maxmemory 64mb\n")
    changed = together(
        tmp_path, [], configMapGenerator=[{"name": "haven-redis", "behavior": "merge", "files": ["redis.conf"]}]
    )
    assert mounted(changed) == list(changed.of("ConfigMap"))
    assert mounted(changed) != mounted(build(K8S / "base"))


def test_one_pod_migrates_and_the_others_wait() -> None:
    for name in OVERLAYS:
        first = {pod.component: pod.spec["initContainers"][0] for pod in overlay(name).pods if pod.kind == "Deployment"}
        assert first.pop("subscriber")["name"] == "migrate"
        assert {each["name"] for each in first.values()} == {"wait-for-schema"}
        assert overlay(name).of("Job") == {}


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_names_its_namespace_its_image_and_nobody_elses_host(name: str) -> None:
    rendered = overlay(name)
    assert {each["metadata"].get("namespace") for each in rendered.objects} - {None} == {f"haven-{name}"}
    own = {container["image"] for pod in rendered.pods for container in pod.containers if "haven" in container["image"]}
    assert own == {"haven:dev" if name == "dev" else "registry.example.com/haven:0.1.0"}
    assert "the-overlays-to-say" not in rendered.text


def test_data_that_are_needed_are_in_no_database_for_trying_out() -> None:
    assert {name for name in OVERLAYS if "haven-postgres" in overlay(name).of("StatefulSet")} == {"dev"}
    assert {name for name in OVERLAYS if "haven seed" in overlay(name).text} == {"dev"}
    for name in {*OVERLAYS} - {"dev"}:
        edge = overlay(name).one("NetworkPolicy", "haven-database")["spec"]
        (expression,) = edge["podSelector"]["matchExpressions"]
        users = {
            pod.component
            for pod in overlay(name).pods
            if {"secret": {"name": "haven-database", "items": [{"key": "database-url", "path": "database-url"}]}}
            in [source for volume in pod.spec["volumes"] for source in volume.get("projected", {}).get("sources", [])]
        }
        assert set(expression["values"]) == users != set()


def test_only_dev_lets_everybody_in() -> None:
    for name in OVERLAYS:
        for each in ("haven-web", "haven-realtime"):
            rules = overlay(name).one("NetworkPolicy", each)["spec"]["ingress"]
            assert all("from" in rule for rule in rules) is (name != "dev")


def test_without_helm_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match="helm is not on PATH: install it"):
        render(VALUES)


def test_the_secret_has_every_key_that_is_or_may_be_mounted_and_is_new_each_time() -> None:
    rendered = overlay("dev")
    mounted = {
        item["key"]
        for pod in rendered.pods
        for volume in pod.spec["volumes"]
        for source in volume.get("projected", {}).get("sources", [])
        for item in source["secret"]["items"]
    }
    first, second = passwords(), passwords()
    assert mounted | {"task-key"} == first.keys()  # of secrets.signTasks, which the base leaves off
    assert "task-key" not in mounted
    assert set(first.values()) & set(second.values()) == set()
