"""What status and doctor look at: the local stack if one runs, else what the environment configures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from redis import Redis

from app.config import Config, load_config
from app.local.ports import LOOPBACK
from app.local.state import StackState, running
from app.store.direct import direct

_TIMEOUT: Final = 1.0
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Target:
    """Where Redis and Sentinel are, and how to get in.

    Attributes:
        config: the configuration of the parts.
        nodes: the known Redis servers; with Sentinels, these name further ones.
        sentinels: the Sentinels.
        stack: the stack on this machine, if that is what is looked at.
    """

    config: Config
    nodes: Sequence[Address]
    sentinels: Sequence[Address] = field(default=())
    stack: StackState | None = None

    def redis(self, address: Address) -> Redis:
        """Return a client for one Redis, which gives up after a second."""
        config = self.config
        return self._client(address, config.redis_db, config.redis_username, config.redis_password)

    def sentinel(self, address: Address) -> Redis:
        """Return a client for one Sentinel, which gives up after a second."""
        config = self.config
        return self._client(address, 0, config.redis_sentinel_username, config.redis_sentinel_password)

    def _client(self, address: Address, db: int, username: str | None, password: SecretStr | None) -> Redis:
        secret = password.get_secret_value() if password else None
        return direct(self.config, address, username=username, password=secret, db=db, timeout=_TIMEOUT)


def find_target(data: Path) -> Target:
    """Return the stack that runs on `data`, or what the environment configures.

    Raises:
        ConfigError: no stack runs and the environment is not a configuration; lists all problems.
    """
    stack = running(data)
    if stack:
        config = load_config(stack.environment)
        nodes = [(LOOPBACK, port) for port in stack.redis_ports]
        return Target(config, nodes, [(LOOPBACK, port) for port in stack.sentinel_ports], stack)
    config = load_config()
    if config.redis_sentinel_hosts:
        return Target(config, (), config.redis_sentinel_hosts)
    return Target(config, ((config.redis_host, config.redis_port),))
