"""What a guardian is told: made from the checked configuration by ``launch.py``, handed on as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from app.guardian.facts import STRANGER
from app.passwords import accepted

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password, the latter perhaps in a file that may be renewed.

    Attributes:
        user: of the ACL; empty for the default user.
        secret: the password, if it is not in a file.
        file: the file that holds the password, several while it is changed; read whenever it is needed.
    """

    user: str = ""
    secret: str = ""
    file: str = ""

    @property
    def password(self) -> str:
        """The password now; empty for none."""
        return next(iter(self.accepted), "")

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every password that is right now, first that which is used."""
        return accepted(Path(self.file).read_text(encoding="utf-8") if self.file else self.secret)


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate files.

    Attributes:
        ca: the authorities; empty for the system's.
        cert: a certificate of one's own; empty for none.
        key: its key.
        name: that every server's certificate is checked for; empty for the address each is announced at.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Timings:
    """Sentinel's settings, milliseconds; see ``app/guardian/timings.py`` for what is refused and why."""

    down_after: int = 600
    failover_timeout: int = 5_000
    ping_period: int = 300
    ask_period: int = 100
    info_period: int = 500
    publish_period: int = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything.

    Attributes:
        names: of the nodes, in order; the first is primary on a first install.
        me: this guardian's place among them.
        redis: where each Redis is announced.
        sentinels: where each Sentinel is announced.
        own_redis: where this node's Redis is reached.
        own_sentinel: where this node's Sentinel is reached.
        master: the primary's name at the Sentinels.
        quorum: Sentinels that must agree that the primary is down.
        timings: Sentinel's.
        redis_credentials: for the Redis servers.
        sentinel_credentials: for the Sentinels.
        watch_credentials: with which the Sentinels watch the Redis servers.
        tls: None for plain text.
        conf: the sentinel.conf to write where there is none; empty to write none.
        base: a file whose lines go first into it.
        http: where probes, metrics, status and the handover listen.
        token: asked for by the handover; none: it is refused over HTTP.
        users: a directory with the passwords of all users, a file each; empty: the guardian keeps no users.
        exporter: where the redis_exporter beside it listens; None: there is none.
        files: a directory where it writes what Redis and the exporter read; empty: nowhere.
        beat: seconds between two heartbeats.
        patience: seconds to wait for nodes that may hold newer data.
        hint: milliseconds that a hint lasts at most.
        heartbeat: the key and database of the heartbeat.
        mark: the key and database of the count of durable writes.
        log_level: least level that is logged.
        log_format: console or json.
    """

    names: tuple[str, ...]
    me: int
    redis: tuple[Address, ...]
    sentinels: tuple[Address, ...]
    own_redis: Address
    own_sentinel: Address
    master: str
    quorum: int
    timings: Timings = field(default_factory=Timings)
    redis_credentials: Credentials = field(default_factory=Credentials)
    sentinel_credentials: Credentials = field(default_factory=Credentials)
    watch_credentials: Credentials = field(default_factory=Credentials)
    tls: Tls | None = None
    conf: str = ""
    base: str = ""
    http: Address = ("127.0.0.1", 0)
    token: Credentials = field(default_factory=Credentials)
    users: str = ""
    exporter: Address | None = None
    files: str = ""
    beat: float = 1.0
    patience: float = 10.0
    hint: int = 400
    heartbeat: tuple[str, int] = ("haven:guardian:heartbeat", 15)
    mark: tuple[str, int] = ("haven:guardian:mark", 0)
    log_level: str = "info"
    log_format: str = "console"

    @property
    def name(self) -> str:
        """This node's name."""
        return self.names[self.me]

    def node(self, host: str, port: int) -> int:
        """The place of the node announced there; STRANGER if there is none."""
        return self.redis.index((host, port)) if (host, port) in self.redis else STRANGER

    def named(self, place: int) -> str:
        """The name of a node, for people."""
        return self.names[place] if place != STRANGER else "a stranger"

    def dump(self) -> str:
        """Write them down."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what ``dump`` wrote."""
        fields: dict[str, Any] = json.loads(text)
        for name in ("redis", "sentinels"):
            fields[name] = tuple((host, port) for host, port in fields[name])
        for name in ("own_redis", "own_sentinel", "http", "heartbeat", "mark"):
            fields[name] = tuple(fields[name])
        for name in ("redis_credentials", "sentinel_credentials", "watch_credentials", "token"):
            fields[name] = Credentials(**fields[name])
        fields["exporter"] = tuple(fields["exporter"]) if fields["exporter"] else None
        fields["names"] = tuple(fields["names"])
        fields["timings"] = Timings(**fields["timings"])
        fields["tls"] = Tls(**fields["tls"]) if fields["tls"] else None
        return cls(**fields)
