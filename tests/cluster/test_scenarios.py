"""Every scenario of charts/haven/ci on the cluster: installed as it is, found in order by `helm test`, and removed."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.cluster import kinds, outside
from tests.cluster.kube import apply, get
from tests.cluster.release import CHART, NAME, Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Values = dict[str, Any]

CI: Final = CHART / "ci"
USED: Final = ("ready", "sign in", "cached read", "rate limit", "task", "event")
OF_SENTINELS: Final = ("quorum", "failover")
NO_SENTINELS: Final = {"standalone", "external-redis"}


def as_it_is(_: Release) -> Values:
    return {}


def standalone(release: Release) -> Values:
    apply(release.namespace, *outside.alone())
    return {}


def external_redis(release: Release) -> Values:
    """Its address is another one here."""
    apply(release.namespace, *outside.managed())
    return {"externalRedis": {"host": "redis"}, "networkPolicy": {"externalRedis": {"to": outside.PEERS}}}


def external_sentinel(release: Release) -> Values:
    """Their addresses are others here."""
    apply(release.namespace, *outside.sentinels())
    return {
        "externalRedis": {"sentinels": outside.SENTINELS},
        "networkPolicy": {"externalRedis": {"to": outside.PEERS}},
    }


def production(release: Release) -> Values:
    """The database's address is another one here, there is no such priority class, and the name service may be no pod.

    While they start, pods that share two cores with a whole cluster are so busy that the autoscalers would fill it up;
    and two pods of workers are four processes already.
    """
    dns = get("pods", "--namespace", "kube-system", "--selector", "k8s-app=kube-dns")["items"]
    of_redis = ("admin", "app", "replica", "sentinel", "guardian", "exporter", "guardian-token")
    passwords = outside.secret(
        "haven-passwords", **{key: secrets.token_hex(24) for key in ("secret-key", "task-key", *of_redis)}
    )
    apply(release.namespace, passwords, *outside.postgres())
    return {
        "networkPolicy": {"database": {"to": outside.PEERS}} | ({} if dns else {"dns": {"to": []}}),
        "web": {"priorityClassName": "", "autoscaling": {"max": 3}},
        "realtime": {"autoscaling": {"max": 2}},
        "worker": {"replicas": 2},
    }


# What is to be there before, and which values are others than in the file.
SCENARIOS: Final[dict[str, Callable[[Release], Values]]] = {
    "default": as_it_is,
    "external-redis": external_redis,
    "external-sentinel": external_sentinel,
    "monitoring": as_it_is,
    "production": production,
    "standalone": standalone,
    "valkey": as_it_is,
}
QUICK: Final = {"standalone", "external-sentinel"}
ELSEWHERE: Final = {"tls"}  # with faults of its own in test_tls.py


@pytest.fixture
def _kinds(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.getfixturevalue("name") != "monitoring":
        yield
        return
    with kinds.present():
        yield


def results(said: str) -> dict[str, str]:
    """What each check of `helm test` came to."""
    lines = [line for line in said.splitlines() if line.startswith(("ok ", "failed ", "skipped "))]
    return {line[8:20].strip(): line[:8].strip() for line in lines}


def test_no_scenario_is_left_out() -> None:
    files = {path.name.removesuffix("-values.yaml") for path in CI.iterdir()}
    assert files - ELSEWHERE == SCENARIOS.keys()


@pytest.mark.usefixtures("_kinds")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.full) for name in SCENARIOS]
)
def test_a_scenario_is_installed_tested_and_removed(name: str, namespace: str, image: str, tmp_path: Path) -> None:
    release = Release(namespace, image)
    repository, _, tag = image.rpartition(":")
    here = SCENARIOS[name](release) | {"image": {"repository": repository, "tag": tag, "digest": ""}}
    others = tmp_path / "values.yaml"
    others.write_text(json.dumps(here))
    values = ("--values", str(CI / f"{name}-values.yaml"), "--values", str(others))
    release.helm("install", NAME, str(CHART), *values, "--wait", "--timeout", "6m")
    said = release.helm("test", NAME, "--logs", "--timeout", "3m")
    last = "skipped" if name in NO_SENTINELS else "ok"
    assert results(said) == dict.fromkeys(USED, "ok") | dict.fromkeys(OF_SENTINELS, last), said
    release.helm("uninstall", NAME, "--wait", "--timeout", "3m")
    mine = ("-l", f"app.kubernetes.io/instance={NAME},app.kubernetes.io/component!=test")
    release.kubectl("wait", "pod", *mine, "--for=delete", "--timeout=120s")
    left = release.get("all,configmap,networkpolicy,ingress,poddisruptionbudget,hpa,serviceaccount", *mine)["items"]
    assert [(each["kind"], each["metadata"]["name"]) for each in left] == []
