"""Configuration: what the environment says, checked as a whole before anything starts.

``load_config()`` picks the class that ``HAVEN_ENV`` names, reads every variable, and raises one
:class:`~app.errors.ConfigError` that lists all problems at once. Every secret may also come from a file, by the same
name with ``_FILE`` (``REDIS_PASSWORD_FILE=/run/secrets/redis``).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import ConfigError
from app.settings import Addresses, EnvironmentAndFiles, problems_of, setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_settings import PydanticBaseSettingsSource

DEVELOPMENT_SECRET = "development-only-never-in-production"  # noqa: S105 - says what it is, and production refuses it
MIN_SECRET_LENGTH = 32


class Config(BaseSettings):
    """The settings shared by every environment."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=False, validate_default=False)

    testing: ClassVar[bool] = False

    haven_env: Literal["development", "testing", "production"] = setting(
        "development",
        "Which class of settings is used.",
        "one of development, testing, production",
        group="Application",
    )
    secret_key: SecretStr = setting(
        SecretStr(DEVELOPMENT_SECRET),
        "Signs cookies. Required in production.",
        "at least 32 random characters: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        group="Application",
    )
    database_url: SecretStr = setting(
        SecretStr("sqlite:///.haven/haven.db"),
        "The SQL database behind the cache.",
        "an SQLAlchemy URL such as postgresql://user:password@host/name or sqlite:///path",
        group="Application",
    )
    haven_replicas: int = setting(
        1,
        "How many copies of the web application run; the chart sets it.",
        "a number from 1",
        group="Application",
        ge=1,
    )
    haven_max_body: int = setting(
        1 << 20, "Largest request body, bytes.", "bytes, at least 1024", group="Application", ge=1024
    )
    haven_session_ttl: float = setting(
        86_400.0,
        "A session ends after this long without use, seconds.",
        "seconds, 60 or more",
        group="Application",
        ge=60,
    )
    haven_trusted_proxies: int = setting(
        0,
        "How many proxies in front are trusted to name the client's address in X-Forwarded-For.",
        "0 (none) to 5",
        group="Application",
        ge=0,
        le=5,
    )
    haven_files_dir: str = setting(
        ".haven/files", "Where the example task handlers write.", "a directory that can be written", group="Application"
    )
    haven_http_host: str = setting(
        "127.0.0.1", "Address the web application listens on.", "an address; 0.0.0.0 for all", group="Processes"
    )
    haven_http_port: int = setting(
        8000, "Port of the web application.", "a port, 1 to 65535", group="Processes", ge=1, le=65_535
    )
    haven_web_workers: int = setting(2, "gunicorn worker processes.", "1 to 64", group="Processes", ge=1, le=64)
    haven_web_threads: int = setting(16, "Threads per gunicorn worker.", "1 to 256", group="Processes", ge=1, le=256)
    haven_web_streams: int = setting(
        8,
        "Server-sent event streams open at once per gunicorn worker; each holds a thread.",
        "0 to 255, less than HAVEN_WEB_THREADS",
        group="Processes",
        ge=0,
        le=255,
    )
    haven_worker_threads: int = setting(4, "Tasks run at once per worker.", "1 to 64", group="Processes", ge=1, le=64)
    haven_ops_host: str = setting(
        "127.0.0.1", "Address of the worker's and subscriber's probes and metrics.", "an address", group="Processes"
    )
    haven_ops_port: int = setting(
        0,
        "Port of the worker's and subscriber's probes and metrics; 0: off.",
        "0 to 65535",
        group="Processes",
        ge=0,
        le=65_535,
    )
    haven_log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Least level that is logged.", "one of debug, info, warning, error", group="Processes"
    )
    haven_log_format: Literal["console", "json"] = setting(
        "console", "Logs for people or for programs.", "console or json", group="Processes"
    )
    haven_ready_grace: float = setting(
        15.0,
        "A pod stays ready this long without Redis, seconds: longer than any failover.",
        "seconds, 5 or more",
        group="Processes",
        ge=5,
    )
    redis_host: str = setting("127.0.0.1", "Redis, when there is no Sentinel.", "a host name or address", group="Redis")
    redis_port: int = setting(
        6379,
        "Port of Redis, when there is no Sentinel.",
        "a port, 1 to 65535; tcp://… comes from Kubernetes: set enableServiceLinks: false on the pod",
        group="Redis",
        ge=1,
        le=65_535,
    )
    redis_db: int = setting(0, "Database number.", "0 to 15", group="Redis", ge=0, le=15)
    redis_username: str | None = setting(None, "ACL user.", "an ACL user's name, or unset", group="Redis")
    redis_password: SecretStr | None = setting(None, "Password.", "the password, or unset", group="Redis")
    redis_ssl: bool = setting(False, "TLS to Redis and Sentinel.", "true or false", group="Redis")
    redis_ssl_ca: str | None = setting(
        None, "File with the certificate authority; unset: the system's.", "a readable PEM file", group="Redis"
    )
    redis_ssl_cert: str | None = setting(
        None, "File with the client's certificate.", "a readable PEM file", group="Redis"
    )
    redis_ssl_key: str | None = setting(None, "File with the client's key.", "a readable PEM file", group="Redis")
    redis_sentinel_hosts: Addresses = setting(
        None,
        "The Sentinels; when set, they name the primary.",
        "host:port, comma separated; unset it for a single Redis",
        group="Redis",
    )
    redis_sentinel_master: str | None = setting(
        None, "Name of the primary at the Sentinels.", "the name in 'sentinel monitor <name> …'", group="Redis"
    )
    redis_sentinel_username: str | None = setting(None, "ACL user at the Sentinels.", "a name, or unset", group="Redis")
    redis_sentinel_password: SecretStr | None = setting(
        None, "Password at the Sentinels.", "the password, or unset", group="Redis"
    )
    redis_pool_size: int = setting(20, "Connections per process.", "1 to 1000", group="Redis", ge=1, le=1000)
    redis_pool_wait: float = setting(
        1.0, "For a free connection, seconds.", "seconds, 0.05 to 30", group="Redis", ge=0.05, le=30
    )
    redis_connect_timeout: float = setting(
        0.3, "For connecting and the greeting, seconds.", "seconds, 0.05 to 10", group="Redis", ge=0.05, le=10
    )
    redis_socket_timeout: float = setting(
        0.5,
        "For one reply, seconds; blocking commands add their block time.",
        "seconds, 0.05 to 60",
        group="Redis",
        ge=0.05,
        le=60,
    )
    redis_sentinel_timeout: float = setting(
        0.3, "For one Sentinel's answer, seconds.", "seconds, 0.05 to 10", group="Redis", ge=0.05, le=10
    )
    haven_deadline: float = setting(
        5.0, "For one operation with all its retries, seconds.", "seconds, 0.5 to 120", group="Redis", ge=0.5, le=120
    )
    haven_durable_replicas: int | None = setting(
        None,
        "Replicas that must confirm a durable write; unset: 1 with Sentinel, 0 without.",
        "0 to 5, or unset",
        group="Redis",
        ge=0,
        le=5,
    )
    haven_durable_timeout: float = setting(
        0.3,
        "For the replicas' confirmation, seconds, per attempt.",
        "seconds, 0.05 to 10",
        group="Redis",
        ge=0.05,
        le=10,
    )
    haven_task_lease: float = setting(
        30.0,
        "A silent worker's task is taken over after this long, seconds.",
        "seconds, 1 to 3600",
        group="Tasks",
        ge=1,
        le=3600,
    )
    haven_task_deliveries: int = setting(
        5,
        "A task that was started this often without an end goes to the dead letters.",
        "1 to 100",
        group="Tasks",
        ge=1,
        le=100,
    )
    haven_task_ttl: float = setting(
        86_400.0, "How long a finished task can be looked up, seconds.", "seconds, 60 or more", group="Tasks", ge=60
    )

    @classmethod
    def settings_customise_sources(  # noqa: D102 - pydantic-settings' hook
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)  # load_config reads the environment, so that it can report all of it at once

    @property
    def topology(self) -> Literal["sentinel", "standalone"]:
        """How the primary is found."""
        return "sentinel" if self.redis_sentinel_hosts else "standalone"

    @property
    def durable_replicas(self) -> int:
        """Replicas that must confirm a durable write."""
        if self.haven_durable_replicas is not None:
            return self.haven_durable_replicas
        return 1 if self.redis_sentinel_hosts else 0

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = list(self.contradictions())
        if problems:
            raise ConfigError(problems)
        return self

    def contradictions(self) -> list[str]:
        """Settings that are right alone and wrong together, a line each."""
        found = []
        if self.redis_sentinel_hosts and not self.redis_sentinel_master:
            found.append(
                "REDIS_SENTINEL_MASTER is not set, but REDIS_SENTINEL_HOSTS is: name the primary that they watch"
            )
        if self.redis_sentinel_master and not self.redis_sentinel_hosts:
            found.append(
                "REDIS_SENTINEL_HOSTS is not set, but REDIS_SENTINEL_MASTER is: give host:port, comma separated"
            )
        if bool(self.redis_ssl_cert) != bool(self.redis_ssl_key):
            found.append("REDIS_SSL_CERT and REDIS_SSL_KEY go together: set both or none")
        for name in ("redis_ssl_ca", "redis_ssl_cert", "redis_ssl_key"):
            path = getattr(self, name)
            if path and not os.access(path, os.R_OK):
                found.append(f"{name.upper()}={path!r} can't be read: give a readable PEM file")
        if self.haven_web_streams >= self.haven_web_threads:
            found.append(
                f"HAVEN_WEB_STREAMS={self.haven_web_streams} would take every one of HAVEN_WEB_THREADS="
                f"{self.haven_web_threads} threads: keep some for requests and probes"
            )
        if self.durable_replicas and self.haven_durable_timeout >= self.redis_socket_timeout + self.haven_deadline:
            found.append("HAVEN_DURABLE_TIMEOUT is longer than HAVEN_DEADLINE allows: lower it")
        return found

    def cautions(self) -> list[str]:
        """What works but is likely not meant, a line each; logged at the start."""
        return []


class DevelopmentConfig(Config):
    """On a developer's machine: readable logs, a known secret."""


class TestingConfig(Config):
    """In tests: as development, with Flask's testing flag."""

    testing: ClassVar[bool] = True
    __test__: ClassVar[bool] = False  # pytest must not collect it


class ProductionConfig(Config):
    """In production: no default is accepted where a default would be unsafe."""

    haven_log_format: Literal["console", "json"] = setting(
        "json", "Logs for people or for programs.", "console or json", group="Processes"
    )

    def contradictions(self) -> list[str]:
        """As the base class's, and the secrets that production needs."""
        found = super().contradictions()
        secret = self.secret_key.get_secret_value()
        if secret == DEVELOPMENT_SECRET:
            found.append("SECRET_KEY is not set: production needs at least 32 random characters of its own")
        elif len(secret) < MIN_SECRET_LENGTH:
            found.append(f"SECRET_KEY has {len(secret)} characters (value hidden): production needs at least 32")
        return found

    def cautions(self) -> list[str]:
        """As the base class's, and what production should not rely on."""
        found = super().cautions()
        if self.database_url.get_secret_value().startswith("sqlite") and self.haven_replicas > 1:
            found.append(
                f"DATABASE_URL is SQLite with HAVEN_REPLICAS={self.haven_replicas}: "
                "each copy has its own data; use postgresql://…"
            )
        if self.topology == "standalone":
            found.append("REDIS_SENTINEL_HOSTS is not set: a single Redis has no failover")
        if self.redis_password is None:
            found.append("REDIS_PASSWORD is not set: anyone who reaches Redis can read and change everything")
        return found


CLASSES: dict[str, type[Config]] = {
    "development": DevelopmentConfig,
    "testing": TestingConfig,
    "production": ProductionConfig,
}


def load_config(environ: Mapping[str, str] | None = None, **overrides: Any) -> Config:
    """Read and check the whole configuration.

    Args:
        environ: the environment to read instead of the process's own (for tests and tools).
        overrides: settings by attribute name that win over the environment.

    Raises:
        ConfigError: with every problem found, each with its remedy.
    """
    environment = os.environ if environ is None else environ
    name = str(overrides.get("haven_env", environment.get("HAVEN_ENV", "development")))
    if name not in CLASSES:
        raise ConfigError([f"HAVEN_ENV={name!r}: must be one of {', '.join(CLASSES)}"])
    cls = CLASSES[name]
    source = EnvironmentAndFiles(cls, environment)
    values = {**source.read(), **overrides}
    problems = list(source.problems)
    try:
        config = cls(**values)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
        problems += problems_of(error, cls)
        try:  # what remains may contradict itself as well: say it in the same breath
            cls(**{key: value for key, value in values.items() if key not in wrong})
        except ConfigError as more:
            problems += [line for line in more.problems if not any(key.upper() in line for key in wrong)]
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return config
