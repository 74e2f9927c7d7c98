"""What happens when pods end, are replaced, or are added: arithmetic of grace, migrations, autoscaling."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from app.guardian.server import DRAIN
from app.tasks.worker.crew import LOOK, OVERTIME
from tests.chart.rendering import CHART, KUBERNETES, SCENARIOS, environment, helm, render, scenario

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("component", ["web", "realtime"])
def test_a_served_pod_drains_then_ends_its_requests_then_is_killed(component: str) -> None:
    rendered = render("--set", f"{component}.drain=7,{component}.grace=33")
    pod = rendered.pod(component)
    (container,) = pod.spec["containers"]
    assert container["lifecycle"] == {"preStop": {"sleep": {"seconds": 7}}}
    assert environment(container)["HAVEN_GRACE"] == "33"
    assert pod.spec["terminationGracePeriodSeconds"] == 7 + 33 + 5


def test_a_redis_pod_has_time_for_a_handover_and_for_its_own_end() -> None:
    pod = render("--set", "redis.shutdownTimeout=20").pod("redis")
    assert pod.spec["terminationGracePeriodSeconds"] == DRAIN + 20 + 5
    waits = {each["name"]: each["lifecycle"]["preStop"] for each in pod.spec["containers"] if "lifecycle" in each}
    hook = {"httpGet": {"path": "/drained", "port": 9200}}
    assert waits == {"redis": hook, "sentinel": hook}


def test_redis_restarts_for_another_configuration_and_not_for_another_version_of_the_chart(tmp_path: Path) -> None:
    newer = tmp_path / "haven"
    shutil.copytree(CHART, newer)
    about = newer / "Chart.yaml"
    about.write_text(re.sub(r"^version: .*$", "version: 99.0.0", about.read_text(), flags=re.MULTILINE))
    done = helm("template", "shop", str(newer), "--namespace", "sales", "--kube-version", KUBERNETES)
    (upgraded,) = (
        each
        for each in yaml.safe_load_all(done.stdout)
        if each and each["metadata"]["name"] == "shop-haven-redis" and each["kind"] == "StatefulSet"
    )
    template, changed = (
        rendered.one("StatefulSet", "shop-haven-redis")["spec"]["template"]
        for rendered in (render(), render("--set", "redis.maxmemory=300mb"))
    )
    assert upgraded["metadata"]["labels"]["helm.sh/chart"] == "haven-99.0.0"
    assert upgraded["spec"]["template"] == template
    assert changed["metadata"] != template["metadata"]


def test_a_worker_gives_its_tasks_their_grace() -> None:
    pod = render("--set", "worker.taskGrace=90").pod("worker")
    (container,) = pod.spec["containers"]
    assert environment(container)["HAVEN_TASK_GRACE"] == "90"
    assert pod.spec["terminationGracePeriodSeconds"] == 95
    assert pod.spec["terminationGracePeriodSeconds"] > LOOK + 90 + OVERTIME + 1  # it sees its own processes out
    assert "lifecycle" not in container  # nothing is sent to it, so there is nothing to drain


def test_a_longer_period_of_ones_own_is_taken_and_no_drain_is_no_hook() -> None:
    pod = render("--set", "web.drain=0,web.terminationGracePeriodSeconds=200").pod("web")
    assert pod.spec["terminationGracePeriodSeconds"] == 200
    assert "lifecycle" not in pod.spec["containers"][0]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_rollout_never_takes_a_pod_away_before_the_next_is_ready(name: str) -> None:
    for deployment, each in scenario(name).of("Deployment").items():
        if deployment.endswith("-subscriber"):
            assert each["spec"]["strategy"] == {"type": "Recreate"}  # two would handle every event twice
            assert each["spec"]["replicas"] == 1
        else:
            assert each["spec"]["strategy"] == {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def test_with_autoscaling_nobody_else_sets_the_number_of_pods() -> None:
    rendered = render("--set", "web.autoscaling.enabled=true,web.autoscaling.max=9")
    assert "replicas" not in rendered.one("Deployment", "shop-haven-web")["spec"]
    scaler = rendered.one("HorizontalPodAutoscaler", "shop-haven-web")["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-haven-web"}
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 9)
    (web,) = rendered.pod("web").spec["containers"]
    assert environment(web)["HAVEN_REPLICAS"] == "9"
    assert render().of("HorizontalPodAutoscaler") == {}
    assert render().one("Deployment", "shop-haven-web")["spec"]["replicas"] == 2


def test_budgets_let_go_of_pods_that_do_not_serve_anyway() -> None:
    budgets = render().of("PodDisruptionBudget")
    assert {"shop-haven-web", "shop-haven-realtime", "shop-haven-worker"} <= budgets.keys()
    for name, each in budgets.items():
        assert each["spec"]["maxUnavailable"] == 1, name
        assert each["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow", name


def test_an_install_migrates_by_an_ordinary_job_that_is_new_when_anything_in_it_is() -> None:
    jobs = set()
    for setting in ("image.tag=v1", "image.tag=v2", "migrations.resources.limits.memory=1Gi", "image.tag=v1"):
        ((name, job),) = render("--set", setting).of("Job").items()
        assert "annotations" not in job["metadata"]
        assert name.startswith("shop-haven-migrate-")
        jobs.add(name)
    assert len(jobs) == 3


def test_an_upgrade_migrates_before_anything_is_changed() -> None:
    rendered = render("--is-upgrade")
    ((name, job),) = rendered.of("Job").items()
    assert name == "shop-haven-migrate"
    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-upgrade",
        "helm.sh/hook-weight": "0",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }
    # the new policy must be there first, or a new database could not be reached
    policy = rendered.one("NetworkPolicy", "shop-haven-migrate-upgrade")
    assert policy["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    assert int(policy["metadata"]["annotations"]["helm.sh/hook-weight"]) < 0
    later = [rendered.one("NetworkPolicy", f"shop-haven-{name}")["spec"]["egress"] for name in ("dns", "migrate")]
    assert policy["spec"]["egress"] == [*later[0], *later[1]]


@pytest.mark.parametrize("option", ["--is-upgrade", "--namespace=sales"])
def test_every_pod_that_works_waits_for_the_schema(option: str) -> None:
    rendered = render(option)
    for component in ("web", "realtime", "worker", "subscriber"):
        waits = rendered.pod(component).spec["initContainers"]
        assert [each["command"] for each in waits] == [["haven", "migrate", "--only-wait", "--patience", "600"]]
    migrate = rendered.pod("migrate")
    assert [each["command"] for each in migrate.containers] == [["haven", "migrate", "--patience", "300"]]
    assert migrate.spec["restartPolicy"] == "Never"


def test_a_failing_migration_ends() -> None:
    ((_, job),) = render().of("Job").items()
    assert job["spec"]["backoffLimit"] == 4
    assert job["spec"]["activeDeadlineSeconds"] == 600
    assert render("--set", "migrations.enabled=false").of("Job") == {}


def test_example_data_comes_after_the_schema_and_only_when_asked_for() -> None:
    seeded = render("--set", "database.tryout.seed=true").pod("migrate")
    assert [each["name"] for each in seeded.spec["initContainers"]] == ["migrate"]
    assert [each["command"] for each in seeded.spec["containers"]] == [["haven", "seed"]]
    assert "seed" not in scenario("production").text


def test_the_example_files_are_where_the_chart_says() -> None:
    for name in SCENARIOS:
        assert isinstance(yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text()), dict)
