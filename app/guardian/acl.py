"""Who may do what at the Redis servers and the Sentinels: the users of a deployment, each with the least rights.

The application, the guardians, the replicas, the Sentinels and the exporter each have a user of their own; `admin` is
for people. Probes need none: any answer, even a refusal, is a sign of life.
A user that is being given another password has several, a line each (``app/passwords.py``).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Final, Self

from app.guardian.transport import quote
from app.passwords import accepted, used
from app.tidings import TIDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
    "replica": (
        *("+ping", "+replconf", "+psync"),
        # who takes a backup with it, which is such a copy, says that there is one, and can't read even that
        *("%W~haven:backup:*", "+set", "+role", "+client|setname"),
    ),
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
    # Numbers only: no key, no parameter (masterauth is one).
    "exporter": (
        "+ping",
        "+info",
        "+client|setname",
        "+slowlog|get",
        "+slowlog|len",
        "+latency|latest",
        "+latency|histogram",
    ),
}

AT_SENTINEL: Final[Mapping[str, tuple[str, ...]]] = {
    "admin": ("~*", "&*", "+@all"),
    # Asks for the primary, and hears of all that the Sentinels do: of another one at once.
    "app": (
        *("+ping", "+sentinel|master", "+sentinel|replicas", "+subscribe", *(f"&{name}" for name in TIDINGS)),
        # TILT is told nowhere else
        "+info",
    ),
    # The guardians, and the Sentinels among themselves: sentinel.conf names one user for both.
    "guardian": (
        # seeing
        *("+sentinel|master", "+sentinel|get-master-addr-by-name", "+sentinel|replicas", "+info"),
        # keeping the settings; hints and holds
        *("+sentinel|set", "+sentinel|debug", "+sentinel|monitor"),
        # handing over
        "+sentinel|failover",
        # a renewed certificate is read at a start
        "+shutdown",
        # a Sentinel to another: greets, asks for its opinion and its vote
        *("+ping", "+client|setname", "+sentinel|is-master-down-by-addr", "+publish", "&__sentinel__:hello"),
    ),
}

_NOBODY: Final = "user default reset off"
_NOBODY_WITH_RIGHTS: Final = f"{_NOBODY} ~* &* +@all"
"""Nobody can sign in as a user that is off and has no password. But as this user Redis reads its own append-only file:
what stands between MULTI and EXEC there, so all that scripts wrote, it leaves out unless this user has the right."""


def digest(password: str) -> str:
    """A password as ACL lines and ACL GETUSER have it: SHA-256, hexadecimal."""
    return hashlib.sha256(password.encode()).hexdigest()


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Users:
    """The users' passwords, each as its file has it: the line on top is used, all are accepted."""

    admin: str = field(default_factory=_secret)
    app: str = field(default_factory=_secret)
    replica: str = field(default_factory=_secret)
    sentinel: str = field(default_factory=_secret)
    guardian: str = field(default_factory=_secret)
    exporter: str = field(default_factory=_secret)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The users whose passwords are in a directory, a file each.

        Raises:
            OSError: one of them can't be read.
            ValueError: one of them is empty.
        """
        found = {each.name: (directory / each.name).read_text("utf-8") for each in fields(cls)}
        for name, password in found.items():
            if not used(password):
                raise ValueError(f"{directory / name} is empty: put the password of the user {name!r} into it")
        return cls(**found)

    def at_redis(self) -> list[str]:
        """The lines of a redis.conf."""
        return [
            _NOBODY_WITH_RIGHTS,
            *self._users(AT_REDIS),
            "masteruser replica",
            f"masterauth {quote(used(self.replica))}",
        ]

    def at_sentinel(self) -> list[str]:
        """The lines of a sentinel.conf."""
        return [_NOBODY, *self._users(AT_SENTINEL)]

    def _users(self, rights: Mapping[str, tuple[str, ...]]) -> list[str]:
        passwords = asdict(self)
        return [
            " ".join(
                (
                    "user",
                    name,
                    "reset",
                    "on",
                    *(f"#{digest(each)}" for each in accepted(passwords[name])),
                    *rights[name],
                )
            )
            for name in rights
        ]

    def of_guardian(self, directory: Path | None = None) -> dict[str, str]:
        """A guardian's settings.

        Args:
            directory: with the passwords' files, to be read whenever they are needed; None: the settings hold them.
        """
        users = {"REDIS": "guardian", "REDIS_SENTINEL": "guardian", "HAVEN_SENTINEL_AUTH": "sentinel"}
        found = self._settings(users, directory)
        found["HAVEN_SENTINEL_AUTH_USER"] = found.pop("HAVEN_SENTINEL_AUTH_USERNAME")
        return found | ({"HAVEN_GUARDIAN_USERS": str(directory)} if directory else {})

    def of_app(self, directory: Path | None = None) -> dict[str, str]:
        """The application's settings; as :meth:`of_guardian`."""
        return self._settings({"REDIS": "app", "REDIS_SENTINEL": "app"}, directory)

    def _settings(self, users: Mapping[str, str], directory: Path | None) -> dict[str, str]:
        passwords = asdict(self)
        found = {f"{where}_USERNAME": user for where, user in users.items()}
        if directory:
            return found | {f"{where}_PASSWORD_FILE": str(directory / user) for where, user in users.items()}
        return found | {f"{where}_PASSWORD": used(passwords[user]) for where, user in users.items()}
