"""From the checked configuration to the small process: ``haven guardian`` becomes it, and leaves all else behind.

Checking the configuration takes pydantic and half of Haven, 50 MB. The guardian itself needs neither, so its settings
are handed on through an anonymous file to a fresh interpreter, in the same process.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from app.errors import ConfigError
from app.guardian.settings import Credentials, Settings, Tls
from app.store import keys

if TYPE_CHECKING:
    from pydantic import SecretStr

    from app.config import Config


def settings_from(config: Config, environ: dict[str, str] | None = None) -> Settings:
    """The guardian's settings.

    Args:
        config: the whole configuration.
        environ: where files of secrets are named; the process's own environment by default.

    Raises:
        ConfigError: something that only the guardian needs is missing or contradicts; lists everything.
    """
    env = dict(os.environ) if environ is None else environ
    problems = _problems(config)
    if problems:
        raise ConfigError(problems)
    nodes, sentinels = config.haven_guardian_nodes or (), config.redis_sentinel_hosts or ()
    names = tuple(name for name, _ in nodes)
    me = names.index(config.haven_guardian_name or "")
    redis = tuple(address for _, address in nodes)
    own = _credentials(config.redis_username, config.redis_password, "REDIS_PASSWORD", env)
    watch = _credentials(
        config.haven_sentinel_auth_user, config.haven_sentinel_auth_password, "HAVEN_SENTINEL_AUTH_PASSWORD", env
    )
    return Settings(
        names=names,
        me=me,
        redis=redis,
        sentinels=sentinels,
        own_redis=config.haven_guardian_redis or redis[me],
        own_sentinel=config.haven_guardian_sentinel or sentinels[me],
        master=config.redis_sentinel_master or "",
        quorum=config.haven_sentinel_quorum or len(sentinels) // 2 + 1,
        timings=config.sentinel_timings,
        redis_credentials=own,
        sentinel_credentials=_credentials(
            config.redis_sentinel_username, config.redis_sentinel_password, "REDIS_SENTINEL_PASSWORD", env
        ),
        watch_credentials=watch if watch.password else own,
        tls=_tls(config),
        conf=config.haven_sentinel_conf or "",
        base=config.haven_sentinel_base or "",
        http=(config.haven_ops_host, config.haven_ops_port),
        token=_credentials(None, config.haven_guardian_token, "HAVEN_GUARDIAN_TOKEN", env),
        users=config.haven_guardian_users or "",
        exporter=config.haven_guardian_exporter,
        files=config.haven_guardian_files or "",
        beat=config.haven_guardian_beat,
        patience=config.haven_guardian_patience,
        hint=config.haven_guardian_hint_ms,
        heartbeat=(keys.GUARDIAN_HEARTBEAT, keys.GUARDIAN_DB),
        mark=(keys.DURABLE_MARK, config.redis_db),
        log_level=config.haven_log_level,
        log_format=config.haven_log_format,
    )


def _tls(config: Config) -> Tls | None:
    if not config.redis_ssl:
        return None
    return Tls(
        config.redis_ssl_ca or "", config.redis_ssl_cert or "", config.redis_ssl_key or "", config.redis_ssl_name or ""
    )


def _problems(config: Config) -> list[str]:
    found = []
    nodes, sentinels = config.haven_guardian_nodes, config.redis_sentinel_hosts
    if not nodes:
        found.append("HAVEN_GUARDIAN_NODES is not set: list every Redis as name=host:port, comma separated")
    elif config.haven_guardian_name not in [name for name, _ in nodes]:
        known = ", ".join(name for name, _ in nodes)
        found.append(f"HAVEN_GUARDIAN_NAME={config.haven_guardian_name!r} is none of the nodes': use one of {known}")
    if not sentinels:
        found.append("REDIS_SENTINEL_HOSTS is not set: list the Sentinel beside each node, in the order of the nodes")
    elif nodes and len(sentinels) != len(nodes):
        found.append(
            f"REDIS_SENTINEL_HOSTS has {len(sentinels)} entries, HAVEN_GUARDIAN_NODES {len(nodes)}: "
            "a Sentinel runs beside each node; list them in the same order"
        )
    elif config.haven_sentinel_quorum is not None and config.haven_sentinel_quorum > len(sentinels):
        found.append(
            f"HAVEN_SENTINEL_QUORUM={config.haven_sentinel_quorum} is more than the {len(sentinels)} Sentinels: "
            f"use {len(sentinels) // 2 + 1}, or leave it unset"
        )
    if not config.haven_ops_port:
        found.append("HAVEN_OPS_PORT is not set: give the port of the guardian's probes, metrics and status")
    if config.haven_guardian_users and not config.haven_guardian_files:
        found.append(
            f"HAVEN_GUARDIAN_USERS={config.haven_guardian_users!r} is of no use alone: "
            "set HAVEN_GUARDIAN_FILES to where Redis and Sentinel read their users"
        )
    if config.redis_ssl and config.haven_sentinel_conf and not (config.redis_ssl_ca and config.redis_ssl_cert):
        found.append(
            "REDIS_SSL=true, and with the guardian's certificate its Sentinel serves: "
            "set REDIS_SSL_CA, REDIS_SSL_CERT and REDIS_SSL_KEY"
        )
    if config.haven_sentinel_base and not os.access(config.haven_sentinel_base, os.R_OK):
        found.append(f"HAVEN_SENTINEL_BASE={config.haven_sentinel_base!r} can't be read: give a readable file")
    return found


def _credentials(user: str | None, password: SecretStr | None, name: str, environ: dict[str, str]) -> Credentials:
    file = environ.get(f"{name}_FILE", "")
    return Credentials(user or "", "" if file or password is None else password.get_secret_value(), file)


def become(settings: Settings) -> NoReturn:
    """Turn this process into the guardian."""
    descriptor = os.memfd_create("haven-guardian", 0) if hasattr(os, "memfd_create") else _unlinked()
    os.write(descriptor, settings.dump().encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)
    os.execv(sys.executable, [sys.executable, "-m", "app.guardian", str(descriptor)])  # noqa: S606 - there is no shell


def _unlinked() -> int:
    """An unlinked file, where there are no anonymous ones (macOS)."""
    import tempfile  # noqa: PLC0415 - only there

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
