"""Redis, Sentinels and PostgreSQL that somebody else runs, in the namespace of the release that uses them.

As plain as can be: what the chart does for its own Redis must not be needed of another. Nothing is kept on a disk.
"""

from __future__ import annotations

import base64
from typing import Any, Final

import trustme

from tests.cluster.lab import POSTGRES, REDIS

Object = dict[str, Any]

USER: Final = "haven"
PASSWORD: Final = "of-redis"
SENTINEL_PASSWORD: Final = "of-the-sentinels"
MASTER: Final = "orders"
SENTINELS: Final = tuple(f"redis-{place}.redis:26379" for place in range(3))
PEERS: Final = [{"podSelector": {"matchLabels": {"app": name}}} for name in ("redis", "postgres")]
"""For network policies: both of them."""

_OF_TLS: Final = """
tls-ca-cert-file /tls/ca.crt
tls-cert-file /tls/tls.crt
tls-key-file /tls/tls.key
"""
_OPEN: Final = """
port 6379
protected-mode no
"""
_MANAGED: Final = f"""
port 0
tls-port 6380
tls-auth-clients no
user default off
user {USER} on >{PASSWORD} ~* &* +@all
"""
_REPLICATED: Final = f"""
port 0
tls-port 6379
tls-replication yes
user default off
user {USER} on >{PASSWORD} ~* &* +@all
masteruser {USER}
masterauth {PASSWORD}
repl-diskless-sync-delay 0
"""
_WATCHING: Final = f"""
port 0
tls-port 26379
tls-replication yes
user default off
user {USER} on >{SENTINEL_PASSWORD} ~* &* +@all
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel sentinel-user {USER}
sentinel sentinel-pass {SENTINEL_PASSWORD}
sentinel monitor {MASTER} redis-0.redis 6379 2
sentinel auth-user {MASTER} {USER}
sentinel auth-pass {MASTER} {PASSWORD}
sentinel down-after-milliseconds {MASTER} 5000
"""
_START_REDIS: Final = """
[ "$POD" = redis-0 ] || set -- --replicaof redis-0.redis 6379
exec redis-server /conf/redis.conf --replica-announce-ip "$POD.redis" "$@"
"""
_START_SENTINEL: Final = """
until getent hosts redis-0.redis "$POD.redis"; do sleep 1; done
cp /conf/sentinel.conf /data/sentinel.conf
echo "sentinel announce-ip $POD.redis" >> /data/sentinel.conf
exec redis-sentinel /data/sentinel.conf
"""


def alone() -> list[Object]:
    """One Redis, `redis:6379`, open to whoever reaches it."""
    return _pods("redis", [_container("redis", REDIS, "exec redis-server /conf/redis.conf")], {"redis.conf": _OPEN})


def managed() -> list[Object]:
    """One Redis, `redis:6380`, with TLS, a user and a password; its clients get the Secrets `redis` and `redis-ca`."""
    authority = trustme.CA()
    container = _container("redis", REDIS, "exec redis-server /conf/redis.conf")
    return [
        secret("redis", password=PASSWORD),
        secret("redis-ca", **trusted(authority)),
        secret("redis-server", **trusted(authority), **certificate(authority, "redis")),
        *_pods("redis", [container], {"redis.conf": _MANAGED + _OF_TLS}, tls="redis-server"),
    ]


def sentinels() -> list[Object]:
    """A primary, two replicas and SENTINELS, with TLS in both directions; clients get `redis-client` as well."""
    authority = trustme.CA()
    names = [f"redis-{place}.redis" for place in range(3)]
    containers = [_container("redis", REDIS, _START_REDIS), _container("sentinel", REDIS, _START_SENTINEL)]
    files = {"redis.conf": _REPLICATED + _OF_TLS, "sentinel.conf": _WATCHING + _OF_TLS}
    return [
        secret("redis", **{"password": PASSWORD, "sentinel-password": SENTINEL_PASSWORD}),
        secret("redis-ca", **trusted(authority)),
        secret("redis-client", **certificate(authority, "haven")),
        secret("redis-server", **trusted(authority), **certificate(authority, *names)),
        *_pods("redis", containers, files, tls="redis-server", copies=3),
    ]


def postgres() -> list[Object]:
    """One PostgreSQL, with its URL in the Secret `haven-database`."""
    container = _container("postgres", POSTGRES, "exec docker-entrypoint.sh postgres")
    settings = {"POSTGRES_USER": USER, "POSTGRES_DB": USER, "POSTGRES_PASSWORD": PASSWORD, "PGDATA": "/data/pgdata"}
    container["env"] += [{"name": name, "value": value} for name, value in settings.items()]
    url = f"postgresql://{USER}:{PASSWORD}@postgres:5432/{USER}"
    return [secret("haven-database", **{"database-url": url}), *_pods("postgres", [container], {})]


def secret(name: str, **texts: str) -> Object:
    """A Secret with these texts."""
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}


def trusted(authority: trustme.CA) -> dict[str, str]:
    """Whom to believe, as a Secret's texts."""
    return {"ca.crt": authority.cert_pem.bytes().decode()}


def certificate(authority: trustme.CA, *names: str) -> dict[str, str]:
    """A certificate for these names and its key, as a Secret's texts."""
    issued = authority.issue_cert(*names)
    chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    return {"tls.crt": chain.decode(), "tls.key": issued.private_key_pem.bytes().decode()}


def _container(name: str, image: str, script: str) -> Object:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-ec", script],
        "env": [
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "LANG", "value": "C.UTF-8"},
        ],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
    }


def _pods(
    name: str, containers: list[Object], files: dict[str, str], *, tls: str = "", copies: int = 1
) -> list[Object]:
    """A name and pods behind it, each of which has a name of its own; the Secret `tls` is mounted at /tls."""
    labels = {"app": name}
    volumes: list[Object] = [
        {"name": "data", "emptyDir": {}},
        {"name": "conf", "configMap": {"name": f"{name}-conf"}},
    ]
    if tls:
        volumes.append({"name": "tls", "secret": {"secretName": tls, "defaultMode": 0o440}})
    mounts = [{"name": each["name"], "mountPath": f"/{each['name']}"} for each in volumes]
    user = {"runAsNonRoot": True, "runAsUser": 999, "runAsGroup": 999, "fsGroup": 999}
    pod = {
        "securityContext": {**user, "seccompProfile": {"type": "RuntimeDefault"}},
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "containers": [{**container, "volumeMounts": mounts} for container in containers],
        "volumes": volumes,
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": copies, "serviceName": name, "podManagementPolicy": "Parallel", "template": template}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-conf"}, "data": files},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": labels},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": name},
            "spec": {**spec, "selector": {"matchLabels": labels}},
        },
    ]
