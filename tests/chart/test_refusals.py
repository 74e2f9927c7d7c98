"""Every refusal, with the words that the user sees. A new `fail` without a case here fails the last test."""

from __future__ import annotations

import re

import pytest

from tests.chart.kube_api import cluster
from tests.chart.rendering import CHART, refused, render, scenario, template

OWN_REDIS = "redis.enabled=false,networkPolicy.externalRedis.to[0].ipBlock.cidr=10.0.0.0/8"
OWN_DATABASE = (
    "database.tryout.enabled=false,database.existingSecret=db,networkPolicy.database.to[0].ipBlock.cidr=10.0.0.0/8"
)
TLS = "redis.tls.enabled=true,redis.tls.existingSecret=tls"
CERT_MANAGER = "redis.tls.certManager.enabled=true"
SIGNED = ("--set", "secrets.signTasks=true")
SENTINEL = f"{OWN_REDIS},externalRedis.mode=sentinel"

CHANGE_OVER = (
    "redis.tls.enabled={now}, but what runs has {before}, and pods of either kind can't talk to each other: "
    "set it to {before}, or uninstall and install again (volumes and passwords stay)"
)
CASES = [
    (
        "redis.terminationGracePeriodSeconds=20",
        (
            "redis.terminationGracePeriodSeconds=20 would kill a primary in the middle of its handover: "
            "set it to 30 or more, or to null"
        ),
    ),
    (
        "redis.sentinel.failoverTimeoutMs=1100",
        (
            "redis.sentinel.failoverTimeoutMs=1100 ends a failover before it can succeed: "
            "set it to 1200 or more (twice redis.sentinel.downAfterMs)"
        ),
    ),
    (
        "redis.tls.enabled=true",
        (
            "redis.tls.enabled=true without a certificate: "
            "set redis.tls.existingSecret, or redis.tls.certManager.enabled=true"
        ),
    ),
    (
        f"{TLS},{CERT_MANAGER}",
        (
            "redis.tls.existingSecret=tls would be written by cert-manager too: "
            'set redis.tls.certManager.enabled=false, or existingSecret to ""'
        ),
    ),
    (
        "redis.tls.existingSecret=tls",
        "redis.tls has a certificate, but nothing is encrypted: set redis.tls.enabled=true",
    ),
    (
        f"redis.tls.enabled=true,{CERT_MANAGER}",
        (
            "redis.tls.certManager.enabled=true without an issuer: "
            "set redis.tls.certManager.issuerRef to {name: …, kind: Issuer}"
        ),
    ),
    (
        f"{OWN_REDIS},externalRedis.host=redis,{TLS}",
        (
            "redis.tls.enabled=true is about the chart's own Redis, which redis.enabled=false leaves out: "
            "set externalRedis.tls.enabled=true"
        ),
    ),
    (
        "redis.image=docker.io/valkey/valkey:8.1",
        "redis.image=docker.io/valkey/valkey:8.1 has no redis-server: set redis.engine=valkey",
    ),
    (
        "redis.engine=valkey",
        (
            "redis.image=docker.io/library/redis:8.0 has no valkey-server: "
            "set redis.image=docker.io/valkey/valkey:8.1, or redis.engine=redis"
        ),
    ),
    (
        "redis.config.replicaof=10.0.0.1",
        "redis.config.replicaof is the chart's or the guardian's to decide: leave it out",
    ),
    (
        f"{OWN_REDIS},externalRedis.host=redis,backup.enabled=true",
        (
            "backup.enabled=true copies from a replica of the chart's own Redis, which redis.enabled=false leaves out: "
            "set backup.enabled=false, and use the backups of whoever runs yours"
        ),
    ),
    (
        "backup.enabled=true,backup.storage.existingClaim=kept,backup.storage.className=fast",
        (
            "backup.storage.className=fast is for a claim that the chart makes, "
            'and backup.storage.existingClaim=kept is there already: set className to ""'
        ),
    ),
    (
        f"{OWN_REDIS},externalRedis.host=redis,drill.enabled=true",
        (
            "drill.enabled=true breaks the chart's own Redis, which redis.enabled=false leaves out: "
            "set drill.enabled=false"
        ),
    ),
    (
        "drill.enabled=true,drill.experiment=node-drain",
        (
            "drill.experiment=node-drain needs rights that no pod of the chart has: "
            "run it from a desk, and set another one here"
        ),
    ),
    (
        "database.existingSecret=db",
        (
            "database.existingSecret=db and database.tryout.enabled=true are two databases: "
            "set database.tryout.enabled=false"
        ),
    ),
    (
        "database.tryout.enabled=false",
        (
            "database.tryout.enabled=false leaves no database: "
            "set database.existingSecret to a Secret with the URL of yours"
        ),
    ),
    (
        f"{OWN_DATABASE},database.tryout.seed=true",
        (
            "database.tryout.seed=true would put users with a public password into your database: "
            "set database.tryout.seed=false"
        ),
    ),
    (
        "externalRedis.host=redis",
        "externalRedis names redis, but redis.enabled=true runs a Redis of the chart's own: set redis.enabled=false",
    ),
    (
        "externalRedis.sentinels[0]=a:26379",
        "externalRedis names a:26379, but redis.enabled=true runs a Redis of the chart's own: set redis.enabled=false",
    ),
    (
        OWN_REDIS,
        (
            "redis.enabled=false needs a Redis of yours: "
            "set externalRedis.host, or externalRedis.mode=sentinel with externalRedis.sentinels"
        ),
    ),
    (
        f"{OWN_REDIS},externalRedis.host=redis,externalRedis.sentinels[0]=a:26379",
        "externalRedis.sentinels=a:26379 is not used in externalRedis.mode=standalone: set externalRedis.mode=sentinel",
    ),
    (
        f"{SENTINEL},externalRedis.master=orders",
        'externalRedis.mode=sentinel without Sentinels: set externalRedis.sentinels to ["host:26379", …]',
    ),
    (
        f"{SENTINEL},externalRedis.sentinels[0]=a:26379",
        (
            "externalRedis.mode=sentinel without the primary's name: "
            "set externalRedis.master to the name in 'sentinel monitor <name> …'"
        ),
    ),
    (
        f"{SENTINEL},externalRedis.sentinels[0]=a:26379,externalRedis.master=orders,externalRedis.host=redis",
        (
            "externalRedis.host=redis is not used in externalRedis.mode=sentinel: "
            'set it to "", or externalRedis.mode=standalone'
        ),
    ),
    (
        f"{OWN_REDIS},externalRedis.host=redis,externalRedis.sentinelExistingSecretKey=sentinel",
        "externalRedis.sentinelExistingSecretKey=sentinel is a key of no Secret: set externalRedis.existingSecret",
    ),
    (
        f"{OWN_REDIS},externalRedis.host=redis,externalRedis.tls.caSecret=ca",
        "externalRedis.tls names the Secret ca, but nothing is encrypted: set externalRedis.tls.enabled=true",
    ),
    (
        "web.drain=30,web.grace=20,web.terminationGracePeriodSeconds=54",
        (
            "web.terminationGracePeriodSeconds=54 would kill pods in the middle of what they were given time for: "
            "set it to 55 or more, or to null"
        ),
    ),
    (
        "worker.taskGrace=60,worker.terminationGracePeriodSeconds=60",
        (
            "worker.terminationGracePeriodSeconds=60 would kill pods in the middle of what they were given time for: "
            "set it to 65 or more, or to null"
        ),
    ),
    (
        "realtime.pdb.maxUnavailable=0",
        "realtime.pdb.maxUnavailable=0 would let no node be drained: set it to 1 or more",
    ),
    ("worker.pdb.maxUnavailable=0%", "worker.pdb.maxUnavailable=0% would let no node be drained: set it to 1 or more"),
    (
        "web.autoscaling.enabled=true,web.autoscaling.min=7",
        "web.autoscaling.min=7 is more than web.autoscaling.max=6: set max to 7 or more",
    ),
    (
        "realtime.autoscaling.enabled=true,realtime.resources.requests.cpu=null",
        (
            "realtime.autoscaling.enabled=true aims at a part of the requested CPU, and there is no request: "
            "set realtime.resources.requests.cpu"
        ),
    ),
    (
        "web.threads=8",
        "web.streams=8 would take every one of web.threads=8 threads: set web.streams to 7 or less",
    ),
    (
        "ingress.enabled=true",
        "ingress.enabled=true without a host would answer for every host of the cluster: set ingress.host",
    ),
    (
        "httpRoute.enabled=true",
        "httpRoute.enabled=true without a Gateway: set httpRoute.parentRefs to [{name: …, namespace: …}]",
    ),
    (
        "routes[0].path=/,routes[0].type=Prefix",
        "routes has path=/ type=Prefix, which would let the world see /livez: set the paths that people need",
    ),
    (
        "routes[0].path=/metrics,routes[0].type=Exact",
        "routes has path=/metrics type=Exact, which would let the world see /metrics: set the paths that people need",
    ),
    (
        "routes[0].path=/health/,routes[0].type=Prefix",
        "routes has path=/health/ type=Prefix, which would let the world see /health: set the paths that people need",
    ),
    (
        "settings.REDIS_PASSWORD=secret",
        "settings.REDIS_PASSWORD is the chart's to set: remove it, and set externalRedis.existingSecret",
    ),
    (
        "settings.HAVEN_TASK_KEY=secret",
        "settings.HAVEN_TASK_KEY is the chart's to set: remove it, and set secrets.signTasks",
    ),
    (
        "settings.HAVEN_TASK_KEY_FILE=/tmp/key",
        "settings.HAVEN_TASK_KEY_FILE is the chart's to set: remove it, and set secrets.signTasks",
    ),
    (
        "settings.HAVEN_WORKER_PROCESSES=many",
        "settings.HAVEN_WORKER_PROCESSES is the chart's to set: remove it, and set worker.processes",
    ),
    (
        "settings.HAVEN_WORKER_MAX_TASKS=many",
        "settings.HAVEN_WORKER_MAX_TASKS is the chart's to set: remove it, and set worker.maxTasks",
    ),
    (
        "settings.HAVEN_WORKER_MAX_MEMORY=many",
        "settings.HAVEN_WORKER_MAX_MEMORY is the chart's to set: remove it, and set worker.maxMemory",
    ),
    (
        "database.tryout.enabled=false,database.existingSecret=db",
        (
            "networkPolicy.enabled=true would cut the pods off from the database of database.existingSecret: "
            "set networkPolicy.database.to to [{ipBlock: {cidr: …}}]"
        ),
    ),
    (
        "redis.enabled=false,externalRedis.host=redis",
        (
            "networkPolicy.enabled=true would cut the pods off from externalRedis: "
            "set networkPolicy.externalRedis.to to [{ipBlock: {cidr: …}}]"
        ),
    ),
]


@pytest.mark.parametrize(("setting", "message"), CASES, ids=[case[1][:40] for case in CASES])
def test_what_contradicts_itself_is_refused_with_what_to_set(setting: str, message: str) -> None:
    assert f": {message}\n" in refused("--set", setting)


@pytest.mark.parametrize("now", ["false", "true"])
def test_what_runs_does_not_change_over_to_tls_or_back(now: str) -> None:
    before = "true" if now == "false" else "false"
    running = scenario("tls" if before == "true" else "default").one("StatefulSet", "shop-haven-redis")
    values = ("--values", str(CHART / "ci" / ("tls-values.yaml" if now == "true" else "default-values.yaml")))
    message = CHANGE_OVER.format(now=now, before=before)
    with cluster({}, running) as address:
        options = ("--kube-apiserver", address, "--dry-run=server", "--disable-openapi-validation")
        assert message in refused(*options, *values)
        same = "default" if now == "true" else "tls"
        done = template(*options, "--values", str(CHART / "ci" / f"{same}-values.yaml"))
        assert done.returncode == 0, done.stderr


def test_every_refusal_has_a_case() -> None:
    text = (CHART / "templates" / "_refusals.tpl").read_text()
    messages = [*(message for _, message in CASES), CHANGE_OVER.format(now="true", before="false")]
    literals = re.findall(r'fail \(?(?:printf )?"((?:[^"\\]|\\.)*)"', text)
    assert len(literals) == text.count("fail ")
    assert literals
    patterns = [re.escape(each.replace('\\"', '"')) for each in literals]
    patterns = [re.sub(r"%[sdvt]", ".*", each.replace("\\%", "%")) for each in patterns]
    missing = [each for each in patterns if not any(re.fullmatch(each, message) for message in messages)]
    assert missing == []


def test_refusals_stand_in_one_file() -> None:
    elsewhere = [
        path.name
        for path in (CHART / "templates").rglob("*")
        if path.is_file() and path.name != "_refusals.tpl" and re.search(r"\b(fail|required) ", path.read_text())
    ]
    assert elsewhere == []


def test_every_variable_that_the_chart_sets_is_refused_in_settings() -> None:
    names = {
        each["name"]
        for rendered in (*map(scenario, ("default", "external-redis", "external-sentinel", "tls")), render(*SIGNED))
        for pod in rendered.pods
        for container in pod.containers
        for each in container.get("env", [])
        if re.match(r"(HAVEN|REDIS)_", each["name"]) and pod.component != "redis"
    }
    text = (CHART / "templates" / "_settings.tpl").read_text()
    owned = set(re.findall(r"^((?:HAVEN|REDIS)_[A-Z_]+): ", text, re.MULTILINE))
    assert names - owned == set()


def test_a_setting_of_ones_own_reaches_every_python_pod() -> None:
    rendered = render("--set-string", "settings.HAVEN_DEADLINE=3")
    for component in ("web", "realtime", "worker", "subscriber", "migrate", "test"):
        for container in rendered.pod(component).containers:
            assert {"name": "HAVEN_DEADLINE", "value": "3"} in container["env"], component
