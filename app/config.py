"""Configuration: what the environment says, checked as a whole before anything starts.

``load_config()`` picks the class that ``HAVEN_ENV`` names, reads every variable, and raises one
:class:`~app.errors.ConfigError` that lists all problems at once. Every secret may also come from a file, by the same
name with ``_FILE`` (``REDIS_PASSWORD_FILE=/run/secrets/redis``).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import PrivateAttr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.config_fields import DEVELOPMENT_SECRET, Settings
from app.errors import ConfigError
from app.guardian.settings import Timings
from app.guardian.timings import refusals
from app.settings import EnvironmentAndFiles, problems_of, with_default

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_settings import PydanticBaseSettingsSource

MIN_SECRET_LENGTH = 32
_FURTHER = {
    "secret_key": "secret_key_fallbacks",
    "secret_key_fallbacks": "secret_key_fallbacks",
    "haven_task_key": "haven_task_key",
}
"""Where the further lines of a secret's file go (``app/passwords.py``); other settings are what is used, the first."""


class Config(Settings):
    """The settings shared by every environment."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=False, validate_default=False)

    testing: ClassVar[bool] = False
    _files: dict[str, str] = PrivateAttr(default_factory=dict)

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

    def file_of(self, name: str) -> str | None:
        """The file that a secret came from, so that it can be read again; None if it came from elsewhere.

        Args:
            name: of the setting, as an attribute.
        """
        return self._files.get(name)

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

    @property
    def former_secret_keys(self) -> tuple[str, ...]:
        """Keys that have signed cookies before the present one, the oldest first."""
        told = self.secret_key_fallbacks.get_secret_value() if self.secret_key_fallbacks else ""
        return tuple(filter(None, map(str.strip, told.split(","))))

    @property
    def task_keys(self) -> tuple[str, ...]:
        """The keys that sign tasks: the first signs, each is accepted."""
        told = self.haven_task_key.get_secret_value() if self.haven_task_key else ""
        return tuple(filter(None, map(str.strip, told.split(","))))

    @property
    def sentinel_timings(self) -> Timings:
        """Sentinel's timings, as the guardian keeps them."""
        return Timings(
            down_after=self.haven_sentinel_down_after_ms,
            failover_timeout=self.haven_sentinel_failover_timeout_ms,
            ping_period=self.haven_sentinel_ping_period_ms,
            ask_period=self.haven_sentinel_ask_period_ms,
            info_period=self.haven_sentinel_info_period_ms,
            publish_period=self.haven_sentinel_publish_period_ms,
        )

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
        if self.haven_session_max_age < self.haven_session_ttl:
            found.append(
                f"HAVEN_SESSION_MAX_AGE={self.haven_session_max_age:g} is shorter than HAVEN_SESSION_TTL="
                f"{self.haven_session_ttl:g}: raise the one or lower the other"
            )
        if self.durable_replicas and self.haven_durable_timeout >= self.redis_socket_timeout + self.haven_deadline:
            found.append("HAVEN_DURABLE_TIMEOUT is longer than HAVEN_DEADLINE allows: lower it")
        return [*found, *refusals(self.sentinel_timings)]

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

    haven_log_format: Literal["console", "json"] = with_default(Settings.model_fields["haven_log_format"], "json")
    haven_grace: int = with_default(Settings.model_fields["haven_grace"], 20)
    haven_cookie_secure: bool = with_default(Settings.model_fields["haven_cookie_secure"], True)
    haven_task_grace: float = with_default(Settings.model_fields["haven_task_grace"], 20.0)

    def contradictions(self) -> list[str]:
        """As the base class's, and the secrets that production needs."""
        found = super().contradictions()
        secret = self.secret_key.get_secret_value()
        if secret == DEVELOPMENT_SECRET:
            found.append("SECRET_KEY is not set: production needs at least 32 random characters of its own")
        elif len(secret) < MIN_SECRET_LENGTH:
            found.append(f"SECRET_KEY has {len(secret)} characters (value hidden): production needs at least 32")
        if any(key == DEVELOPMENT_SECRET or len(key) < MIN_SECRET_LENGTH for key in self.former_secret_keys):
            found.append("SECRET_KEY_FALLBACKS has a key (hidden) that production never accepted: leave it out")
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
    read = source.read()
    for secret, further in source.others.items():
        if (several := _FURTHER.get(secret)) and further:
            read[several] = ",".join(filter(None, (read.get(several), *further)))
    values = {**read, **overrides}
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
    config._files.update((secret, path) for secret, path in source.files.items() if secret not in overrides)
    return config
