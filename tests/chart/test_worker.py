"""The worker's processes, and the key that signs tasks: who has it, and who has not."""

from __future__ import annotations

import pytest

from tests.chart.rendering import Pod, Rendered, environment, render, scenario

VARIABLE = "HAVEN_TASK_KEY_FILE"
FILE = "/run/secrets/haven/task-key"
SIGNED = ("--set", "secrets.signTasks=true")


def worker_variables(rendered: Rendered) -> dict[str, str]:
    (container,) = rendered.pod("worker").spec["containers"]
    return {name: value for name, value in environment(container).items() if name.startswith("HAVEN_WORKER_")}


def secret_of(pod: Pod, key: str) -> set[str]:
    """The Secrets of which a pod sees a key."""
    sources = [source for each in pod.spec["volumes"] for source in each.get("projected", {}).get("sources", [])]
    return {source["secret"]["name"] for source in sources if {"key": key, "path": key} in source["secret"]["items"]}


def test_a_worker_is_one_process_that_stays() -> None:
    assert worker_variables(render()) == {
        "HAVEN_WORKER_PROCESSES": "1",
        "HAVEN_WORKER_THREADS": "4",
        "HAVEN_WORKER_MAX_TASKS": "0",
        "HAVEN_WORKER_MAX_MEMORY": "0",
    }


def test_a_worker_is_many_processes_that_begin_anew_when_told() -> None:
    told = "worker.processes=3,worker.threads=2,worker.maxTasks=1000000,worker.maxMemory=256"
    assert worker_variables(render("--set", told)) == {
        "HAVEN_WORKER_PROCESSES": "3",
        "HAVEN_WORKER_THREADS": "2",
        "HAVEN_WORKER_MAX_TASKS": "1000000",
        "HAVEN_WORKER_MAX_MEMORY": "256",
    }
    assert worker_variables(scenario("production"))["HAVEN_WORKER_PROCESSES"] == "2"


def test_a_workers_processes_share_their_metrics_in_memory() -> None:
    pod = render().pod("worker")
    (container,) = pod.spec["containers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    name = mounts[environment(container)["HAVEN_METRICS_DIR"]]
    (volume,) = (each for each in pod.spec["volumes"] if each["name"] == name)
    assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": "64Mi"}


@pytest.mark.parametrize("name", ["signed", "production"])
def test_who_enqueues_or_runs_tasks_has_the_key_and_nobody_else(name: str) -> None:
    rendered = scenario("production") if name == "production" else render(*SIGNED)
    secret = "haven-passwords" if name == "production" else "shop-haven-secrets"
    for pod in rendered.pods:
        signs = pod.component in {"web", "realtime", "worker", "subscriber"}
        assert secret_of(pod, "task-key") == ({secret} if signs else set()), pod.component
        for container in pod.containers:
            uses = signs and container["name"] == pod.component
            assert environment(container).get(VARIABLE) == (FILE if uses else None), container["name"]


def test_without_it_tasks_are_not_signed_and_a_secret_of_ones_own_needs_no_key() -> None:
    for rendered in (render(), render("--set", "secrets.existingSecret=mine")):
        assert VARIABLE not in rendered.text
        assert "task-key" not in rendered.text
