"""The dashboards reach Grafana's sidecar as they are."""

from __future__ import annotations

import json

from tests.chart.rendering import CHART, K8S, render, scenario, template
from tests.chart.test_selectors import CRDS

FILES = {path.name: path.read_text() for path in (CHART / "files" / "dashboards").glob("*.json")}
ON = ("--set", "monitoring.dashboards.enabled=true")


def test_each_file_is_a_config_map_with_every_byte_of_it() -> None:
    found = render(*ON).of("ConfigMap")
    shipped = {name: each for name, each in found.items() if "-dashboard-" in name}
    assert set(shipped) == {f"shop-haven-dashboard-{name[6:-5]}" for name in FILES}
    assert len(shipped) == 5
    held: dict[str, str] = {}
    for each in shipped.values():
        held |= each["data"]
    assert held == FILES
    # Helm's own braces: a legend is Grafana's to fill in
    assert any("{{pod}}" in text for text in held.values())
    assert all(json.loads(text)["uid"] == name.removesuffix(".json") for name, text in held.items())


def test_the_sidecar_selects_them_by_a_label_and_takes_the_folder_from_an_annotation() -> None:
    metadata = scenario("monitoring").one("ConfigMap", "shop-haven-dashboard-redis")["metadata"]
    assert metadata["labels"]["grafana_dashboard"] == "1"
    assert metadata["labels"]["app.kubernetes.io/instance"] == "shop"
    assert metadata["annotations"] == {"grafana_folder": "Haven"}
    other = "monitoring.dashboards.labels.grafana_dashboard=null,monitoring.dashboards.labels.team=sales"
    metadata = render(*ON, "--set", other).one("ConfigMap", "shop-haven-dashboard-redis")["metadata"]
    assert metadata["labels"]["team"] == "sales"
    assert "grafana_dashboard" not in metadata["labels"]
    assert "annotations" not in metadata


def test_a_label_that_is_no_text_is_refused() -> None:
    done = template(*ON, "--set", "monitoring.dashboards.labels.grafana_dashboard=1")
    assert done.returncode != 0
    assert "/monitoring/dashboards/labels/grafana_dashboard" in done.stderr


def test_they_come_where_the_operator_is_unless_told_otherwise() -> None:
    def there(*arguments: str) -> bool:
        return "shop-haven-dashboard-overview" in render(*arguments).of("ConfigMap")

    assert not there()
    assert there(*CRDS)
    assert there(*ON)
    assert not there(*CRDS, "--set", "monitoring.dashboards.enabled=false")


def test_the_component_of_kustomize_has_the_same_files_and_no_others() -> None:
    directory = K8S / "components" / "monitoring"
    assert {path.name: path.read_text() for path in directory.glob("*.json")} == FILES
