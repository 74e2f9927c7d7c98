"""Who may do what at the Redis servers and the Sentinels: the users of a deployment, each with the least rights.

The application, the guardians, the replicas and the Sentinels each have a user of their own; `admin` is for people.
Keep a `Users` together with the data: a Sentinel's file remembers its passwords.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from app.guardian.seed import quote
from app.guardian.settings import Tls

AT_REDIS: Final[Mapping[str, tuple[str, ...]]] = {
    "admin": ("~*", "&*", "+@all"),
    # Every command on data. Other than on Redis' own channels, it may not speak to the Sentinels (__sentinel__:hello).
    "app": (
        *("~*", "&haven:*"),
        *("+@all", "-@admin", "-@dangerous"),
        # not dangerous in Redis' eyes, but they end or break what other processes do
        *("-script|flush", "-script|kill", "-function"),
        # other databases hold what is not the application's: the heartbeat. One with REDIS_DB set needs +select.
        *("-select", "-move", "-copy"),
        # dangerous in Redis' eyes: ROLE tells at a connect whether this is the primary, INFO is for /readyz and metrics
        *("+role", "+info"),
    ),
    # What a replica sends to its primary; also what a primary sends to its successor (PSYNC … FAILOVER).
    "replica": ("+ping", "+replconf", "+psync"),
    "sentinel": (
        # the Sentinels find each other there
        *("&__sentinel__:hello", "+publish", "+subscribe"),
        *("+ping", "+info", "+role", "+client|setname"),
        # a promotion, or another primary, in one transaction that also drops clients and ends scripts
        *("+multi", "+exec", "+slaveof", "+replicaof", "+config|rewrite", "+client|kill", "+script|kill"),
        # SENTINEL FAILOVER … COORDINATED of Valkey 9: the primary hands over, while writes are paused
        *("+failover", "+client|pause", "+client|unpause"),
    ),
    "guardian": (
        # the heartbeat, in a database of its own; its script reads the server's clock
        *("~haven:guardian:*", "+select", "+get", "+set", "+eval", "+time"),
        # who is who, and how far
        *("+info", "+role"),
        # replica-priority: whether Sentinel may promote it. Redis can't grant single parameters.
        *("+replicaof", "+config|set"),
        # a handover lets writes wait
        *("+client|pause", "+client|unpause"),
    ),
}

AT_SENTINEL: Final[Mapping[str, tuple[str, ...]]] = {
    "admin": ("~*", "&*", "+@all"),
    # Asks for the primary, and hears of another one at once.
    "app": ("+ping", "+sentinel|master", "+sentinel|replicas", "&+switch-master", "+subscribe"),
    # The guardians, and the Sentinels among themselves: sentinel.conf names one user for both.
    "guardian": (
        # seeing
        *("+sentinel|master", "+sentinel|get-master-addr-by-name", "+sentinel|replicas"),
        # keeping the settings; hints and holds
        *("+sentinel|set", "+sentinel|debug", "+sentinel|monitor"),
        # handing over
        "+sentinel|failover",
        # a Sentinel to another: greets, asks for its opinion and its vote
        *("+ping", "+client|setname", "+sentinel|is-master-down-by-addr", "+publish", "&__sentinel__:hello"),
    ),
}


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Users:
    """The users' passwords."""

    admin: str = field(default_factory=_secret)
    app: str = field(default_factory=_secret)
    replica: str = field(default_factory=_secret)
    sentinel: str = field(default_factory=_secret)
    guardian: str = field(default_factory=_secret)

    def at_redis(self) -> list[str]:
        """The lines of a redis.conf."""
        return [*self._users(AT_REDIS), "masteruser replica", f"masterauth {quote(self.replica)}"]

    def at_sentinel(self) -> list[str]:
        """The lines of a sentinel.conf."""
        return self._users(AT_SENTINEL)

    def _users(self, rights: Mapping[str, tuple[str, ...]]) -> list[str]:
        passwords = asdict(self)
        digests = {name: hashlib.sha256(passwords[name].encode()).hexdigest() for name in rights}
        users = [" ".join(("user", name, "reset", "on", f"#{digests[name]}", *rights[name])) for name in rights]
        return ["user default reset off", *users]

    def of_guardian(self) -> dict[str, str]:
        """A guardian's settings."""
        return {
            "REDIS_USERNAME": "guardian",
            "REDIS_PASSWORD": self.guardian,
            "REDIS_SENTINEL_USERNAME": "guardian",
            "REDIS_SENTINEL_PASSWORD": self.guardian,
            "HAVEN_SENTINEL_AUTH_USER": "sentinel",
            "HAVEN_SENTINEL_AUTH_PASSWORD": self.sentinel,
        }

    def of_app(self) -> dict[str, str]:
        """The application's settings."""
        return {
            "REDIS_USERNAME": "app",
            "REDIS_PASSWORD": self.app,
            "REDIS_SENTINEL_USERNAME": "app",
            "REDIS_SENTINEL_PASSWORD": self.app,
        }


@dataclass(frozen=True, slots=True)
class Access:
    """How one gets into the servers of a cluster.

    Attributes:
        password: of the default user at Redis, for clients and replication; None for none.
        users: in place of the default user, at Redis and Sentinel; None for none.
        tls: the certificate files of servers and clients; None for plain text.
    """

    password: str | None = None
    users: Users | None = None
    tls: Tls | None = None

    def options(self, *, sentinel: bool = False) -> dict[str, Any]:
        """What redis-py needs for a connection of ours."""
        found: dict[str, Any] = {}
        if self.users:
            found |= {"username": "admin", "password": self.users.admin}
        elif not sentinel:
            found["password"] = self.password
        if self.tls:
            cert, key = self.tls.cert or None, self.tls.key or None
            found |= {"ssl": True, "ssl_ca_certs": self.tls.ca or None, "ssl_certfile": cert, "ssl_keyfile": key}
        return found

    def of_guardian(self) -> dict[str, str]:
        """A guardian's settings."""
        return self._of_redis(self.users.of_guardian() if self.users else None)

    def of_app(self) -> dict[str, str]:
        """The application's settings."""
        return self._of_redis(self.users.of_app() if self.users else None)

    def _of_redis(self, user: dict[str, str] | None) -> dict[str, str]:
        found = user or ({"REDIS_PASSWORD": self.password} if self.password else {})
        if not self.tls:
            return found
        files = {"REDIS_SSL_CA": self.tls.ca, "REDIS_SSL_CERT": self.tls.cert, "REDIS_SSL_KEY": self.tls.key}
        return {**found, "REDIS_SSL": "true", **{name: path for name, path in files.items() if path}}


OPEN: Final = Access()
