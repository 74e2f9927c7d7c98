"""What the cluster tests do to a kind cluster: images on its nodes, power cuts, partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.release.surroundings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.release.surroundings import Stage

LAB = ROOT / "scripts" / "kind"
CLUSTER = str(LAB / "cluster")
IMAGES = str(LAB / "images")
# iptables in a node: -C tells whether a rule is there, -I and -D make and remove it
NODE = """state={state}
case "$*" in
  *"iptables -t mangle -C "*) grep -qF "${{*#*-C }}" "$state" 2>/dev/null ;;
  *"iptables -t mangle -I "*) echo "${{*#*-I }}" >>"$state" ;;
  *"iptables -t mangle -D "*) grep -vF "${{*#*-D }}" "$state" >"$state.new"; mv "$state.new" "$state" ;;
esac"""


def test_an_image_is_built_and_brought_to_every_node(stage: Stage, tmp_path: Path) -> None:
    stage.program("docker")
    stage.program("kind")
    built = stage.run(IMAGES, "build", str(ROOT), "haven:one", TMPDIR=str(tmp_path))
    archive = built.stdout.strip().splitlines()[-1]
    assert archive == f"{tmp_path}/haven-kind/haven-one.tar"
    assert stage.run(CLUSTER, "load", archive, KIND="lab").returncode == 0
    assert stage.calls == [
        f"docker build --quiet --tag haven:one {ROOT}",
        f"docker save --output {archive} haven:one",
        f"kind load image-archive {archive} --name lab",
    ]


def test_public_images_are_fetched_by_the_nodes(stage: Stage) -> None:
    stage.program("docker")
    stage.program("kind")
    assert stage.run(IMAGES, "base", "redis", "postgres").stdout == ""
    assert stage.run(CLUSTER, "load").returncode == 0
    assert stage.calls == []


def test_a_power_cut_ends_every_process_at_once(stage: Stage) -> None:
    stage.program("docker")
    for what in ("stop", "start"):
        assert stage.run(CLUSTER, "node", what, "haven-worker2").returncode == 0
    assert stage.calls == ["docker kill haven-worker2", "docker start haven-worker2"]


def test_a_partition_drops_both_ways_once_and_is_healed_wholly(stage: Stage, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    stage.program("docker", NODE.format(state=rules))
    for _ in range(2):  # cut twice is cut once
        assert stage.run(CLUSTER, "node", "cut", "haven-worker").returncode == 0
    assert rules.read_text().splitlines() == ["PREROUTING -i eth0 -j DROP", "POSTROUTING -o eth0 -j DROP"]
    for _ in range(2):
        assert stage.run(CLUSTER, "node", "join", "haven-worker").returncode == 0
    assert rules.read_text() == ""
    assert all(call.startswith("docker exec haven-worker iptables -t mangle ") for call in stage.calls)


@pytest.mark.parametrize("words", [(), ("node", "melt", "haven-worker"), ("up",)])
def test_what_it_does_not_know_it_says(stage: Stage, words: tuple[str, ...]) -> None:
    for program in (CLUSTER, IMAGES):
        done = stage.run(program, *words)
        assert done.returncode == 2
        assert "usage: " in done.stderr


def test_there_is_a_node_for_each_failure_domain() -> None:
    made: dict[str, Any] = yaml.safe_load((LAB / "config.yaml").read_text())
    zones = [node["labels"]["topology.kubernetes.io/zone"] for node in made["nodes"] if node["role"] == "worker"]
    assert len(set(zones)) == 3


def test_make_brings_it_up_under_its_name(stage: Stage, tmp_path: Path) -> None:
    stage.program("kind")
    refused = stage.make("kind-up", KUBECONFIG="")
    assert "KUBECONFIG is not set" in refused.stderr
    assert stage.calls == []
    assert stage.make("kind-up", KUBECONFIG=str(tmp_path / "config"), KIND="lab").returncode == 0
    assert stage.make("kind-down", KIND="lab").returncode == 0
    assert stage.calls == [
        "kind create cluster --name lab --config scripts/kind/config.yaml --wait 180s",
        "kind delete cluster --name lab",
    ]
