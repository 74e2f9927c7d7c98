"""The parts of the whole application on this machine."""

import http.client
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from app.local.conf import MASTER_NAME
from app.local.demo import demo_stages
from app.local.guardians import PROGRAM, GuardianNode
from app.local.loglines import redis_line, sentinel_line
from app.local.nodes import RedisNode, SentinelNode
from app.local.options import Options
from app.local.parts import Part, Stage
from app.local.ports import LOOPBACK
from app.local.process import Process
from app.local.redis import RedisCluster

_PROBE_TIMEOUT: Final = 1.0
_OK: Final = 200
_OTHERS: Final = ("SECRET_KEY_FILE", "DATABASE_URL_FILE", "HAVEN_OPS_PORT", "HAVEN_METRICS_DIR")
_SEE_DOCTOR: Final = "haven doctor"


def environment(options: Options, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of the Python parts: this process's own, with the local stack's settings on top."""
    data = options.data
    env = {name: value for name, value in (os.environ if base is None else base).items() if not _is_about_place(name)}
    return env | {
        "HAVEN_ENV": "development",
        "HAVEN_DATA": str(data.resolve()),  # from the operations page drills are started on this stack
        "SECRET_KEY": _secret(data),
        "DATABASE_URL": f"sqlite:///{data / 'haven.db'}",
        "REDIS_SENTINEL_HOSTS": ",".join(f"{LOOPBACK}:{port}" for port in options.sentinel_ports),
        "REDIS_SENTINEL_MASTER": MASTER_NAME,
        "HAVEN_GUARDIAN_HOSTS": ",".join(f"{LOOPBACK}:{port}" for port in options.guardian_ports),
        "HAVEN_HTTP_HOST": LOOPBACK,
        "HAVEN_HTTP_PORT": str(options.http_port),
        "HAVEN_OPS_HOST": LOOPBACK,
        "HAVEN_FILES_DIR": str(data / "files"),
        "HAVEN_LOG_FORMAT": "console",
        "PYTHONUNBUFFERED": "1",
    }


def _is_about_place(name: str) -> bool:
    """Say whether a variable tells where servers are or how to get in, which only the local stack's own may."""
    if name.startswith("REDIS_"):
        return not name.endswith(("_TIMEOUT", "_SIZE", "_WAIT"))
    return name in _OTHERS


def build(
    options: Options, cluster: RedisCluster, program: Sequence[str] = PROGRAM, prometheus: Path | None = None
) -> list[Stage]:
    """Return all parts in the order of their start.

    Args:
        options: where they live.
        cluster: Redis, Sentinel and guardians.
        program: the command of the Python parts.
        prometheus: the program, for the demonstration; None leaves it out.
    """
    env = environment(options)
    cluster.forget_former_ports()
    web_env = env | {"HAVEN_METRICS_DIR": str(options.data / "metrics" / "web")}
    sentinels = [cluster.sentinel(ordinal) for ordinal in range(1, len(cluster.sentinels) + 1)]

    def run(name: str, own: Mapping[str, str]) -> Process:
        return Process([*program, name], options.data / name, env=own, cwd=Path.cwd())

    def once(name: str) -> Part:
        remedy = "look at its log above; `haven reset` begins with an empty database"
        return Part(name=name, process=run(name, env), once=True, timeout=60.0, remedy=remedy)

    def server(name: str, own: Mapping[str, str], port: int, path: str) -> Part:
        return Part(
            name=name,
            process=run(name, own),
            ready=lambda: responds(port, path),
            address=f"{LOOPBACK}:{port}",
            grace=2.5,
            remedy=f"look at its log above, then {_SEE_DOCTOR}",
        )

    return [
        Stage(
            [
                *(_redis(node) for node in cluster.nodes),
                *map(_guardian, cluster.guardians, sentinels),
            ]
        ),
        Stage([_sentinel(sentinel, cluster) for sentinel in sentinels], cluster.wait_healthy),
        Stage([once("migrate")]),
        Stage([once("seed")]),
        Stage(
            [
                server("web", web_env, options.http_port, "/readyz"),
                *(
                    server(name, env | {"HAVEN_OPS_PORT": str(port)}, port, "/livez")
                    for name, port in (("worker", options.ops_port), ("subscriber", options.ops_port + 1))
                ),
            ]
        ),
        *(demo_stages(options, program, env, prometheus) if options.demo else []),
    ]


def _redis(node: RedisNode) -> Part:
    return Part(
        name=node.name,
        process=node,
        ready=node.ready,
        address=f"{LOOPBACK}:{node.port}",
        role=lambda: "waits for its role",
        grace=1.5,
        keep=redis_line,
        remedy=f"{_SEE_DOCTOR}; or `haven reset` if its data is damaged and may go",
    )


def _guardian(node: GuardianNode, sentinel: SentinelNode) -> Part:
    def ready() -> bool:
        return sentinel.conf.exists() and node.ready()

    return Part(
        name=node.name,
        process=node,
        ready=ready,
        address=f"{LOOPBACK}:{node.port}",
        grace=1.0,
        remedy=_SEE_DOCTOR,
    )


def _sentinel(node: SentinelNode, cluster: RedisCluster) -> Part:
    def role() -> str:
        """What has become of the Redis beside it, now that there are Sentinels."""
        beside = cluster.node(node.ordinal)
        fields = beside.replication()
        if fields["role"] == "master":
            return f"{beside.name}: primary"
        of = next((other.name for other in cluster.nodes if other.port == fields["master_port"]), "nobody")
        return f"{beside.name}: replica of {of}"

    return Part(
        name=node.name,
        process=node,
        ready=node.ready,
        address=f"{LOOPBACK}:{node.port}",
        role=role,
        grace=0.5,
        keep=sentinel_line,
        remedy=_SEE_DOCTOR,
    )


def responds(port: int, path: str) -> bool:
    """Say whether GET of this path on a loopback port answers 200 within a second."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PROBE_TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _secret(data: Path) -> str:
    """Return the key that signs cookies, made once and readable by its owner alone."""
    path = data / "secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()
