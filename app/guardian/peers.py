"""Asking one Redis or one Sentinel what it says of itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import hiredis

from app.guardian import vitals
from app.guardian.facts import STRANGER, Freshness, Opinion, Seen
from app.guardian.spin import Usage, parse_usage
from app.guardian.wire import Away, Command, Door, Link

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.guardian.settings import Settings

NOWHERE: Final = ("127.0.0.1", 1)
"""Nothing listens there: a Redis that follows it is a replica of nothing, and harmless."""
_LOADING: Final = "LOADING"
_COORDINATED_SINCE: Final = (9, 0, 1)


class RedisPeer:
    """One of the Redis servers.

    Args:
        settings: the guardian's.
        place: which of them.
        lost: called when its connection ends.
    """

    def __init__(self, settings: Settings, place: int, lost: Callable[[], None]) -> None:
        own = place == settings.me
        host, port = settings.own_redis if own else settings.redis[place]
        (key, database), (mark, marks) = settings.heartbeat, settings.mark
        door = Door(host, port, settings.redis_credentials, settings.tls, settings.redis[place][0], database)
        self.link = Link(door, lost)
        self._own = own
        self._node = settings.node
        self._look: tuple[Command, ...] = (
            ("INFO", "server", "replication", "persistence", *(vitals.SECTIONS if own else ())),
            ("GET", key),
            ("SELECT", marks),
            ("GET", mark),
            ("SELECT", database),
        )

    async def look(self, within: float) -> Seen:
        """Ask it.

        Raises:
            Away: it does not answer, or not as a Redis does.
        """
        info, heartbeat, _, mark, _ = await self.link.call(*self._look, within=within)
        if isinstance(info, hiredis.ReplyError):
            raise Away(str(info))
        fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
        return self._seen(fields, heartbeat, mark)

    def _seen(self, fields: dict[str, str], heartbeat: Any, mark: Any) -> Seen:
        loading = fields.get("loading") == "1" or (
            isinstance(heartbeat, hiredis.ReplyError) and str(heartbeat).startswith(_LOADING)
        )
        primary = fields.get("role") == "master"
        unlinked = int(fields.get("master_link_down_since_seconds", 0))
        return Seen(
            primary=primary,
            follows=STRANGER if primary else self._node(fields["master_host"], int(fields["master_port"])),
            linked=fields.get("master_link_status") == "up" and fields.get("master_sync_in_progress") == "0",
            freshness=None if loading else parse_freshness(heartbeat, mark),
            fit=primary or int(fields.get("slave_priority", 0)) > 0,
            run=fields.get("run_id", ""),
            offset=int(fields.get("slave_repl_offset", fields.get("master_repl_offset", "0"))),
            unlinked_for=max(0, unlinked),
            ailing=vitals.UNWRITTEN if vitals.unwritten(fields) else "",
            replicas=int(fields.get("connected_slaves", 0)),
            version=fields.get("valkey_version") or fields.get("redis_version", ""),
            coordinates=coordinates(fields.get("valkey_version", "")),
            vitals=vitals.read(fields) if self._own else None,
        )


class SentinelPeer:
    """One of the Sentinels.

    Attributes:
        link: to it.
        fields: what it said of the primary at the last look.
        usage: what it has used so far; None when that is unknown. Only this guardian's own is asked.
        master: the primary's name there.

    Args:
        settings: the guardian's.
        place: which of them.
        lost: called when its connection ends.
    """

    def __init__(self, settings: Settings, place: int, lost: Callable[[], None]) -> None:
        host, port = settings.own_sentinel if place == settings.me else settings.sentinels[place]
        door = Door(host, port, settings.sentinel_credentials, settings.tls, settings.sentinels[place][0])
        self.link = Link(door, lost)
        self.fields: dict[str, str] = {}
        self.usage: Usage | None = None
        self.master = settings.master
        # The Sentinel that leads a failover raises MASTER's epoch at the promotion and its address only at the end; the
        # second command tells the promoted node's at once.
        self._look: tuple[Command, ...] = (
            ("SENTINEL", "MASTER", settings.master),
            ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", settings.master),
            *((("INFO", "sentinel", "cpu", "stats"),) if place == settings.me else ()),
        )
        self._node = settings.node

    async def look(self, within: float) -> Opinion:
        """Ask it.

        Raises:
            Away: it does not answer, or does not watch the primary.
        """
        master, address, *info = await self.link.call(*self._look, within=within)
        for reply in (master, address):
            if isinstance(reply, hiredis.ReplyError):
                self.fields = {}
                raise Away(str(reply))
        self.fields = fields = pairs(master)
        self.usage = parse_usage(info[0]) if info else None
        host, port = address
        flags = fields["flags"].split(",")
        return Opinion(
            primary=self._node(host, int(port)),
            epoch=int(fields["config-epoch"]),
            down="s_down" in flags or "o_down" in flags,
            busy="failover_in_progress" in flags,
            electing=fields.get("failover-state") == "wait_start",
            against=self._node(fields["ip"], int(fields["port"])) if "failover_in_progress" in flags else STRANGER,
            down_after=int(fields["down-after-milliseconds"]),
            convinced=fields.get("role-reported") == "master",
            tilt=parse_tilt(info[0]) if info else None,
        )


def pairs(reply: Any) -> dict[str, str]:
    """A reply of names and values in turn as a dictionary."""
    words = iter(reply)
    return {str(name): str(value) for name, value in zip(words, words, strict=True)}


def parse_freshness(heartbeat: Any, mark: Any = None) -> Freshness:
    """Read a heartbeat and a mark; what is none counts as no data of ours.

    Args:
        heartbeat: ``epoch sequence time_ms``, or anything else.
        mark: the number of durable writes, or anything else.
    """
    count = int(mark) if isinstance(mark, str) and mark.isdecimal() else 0
    words = heartbeat.split() if isinstance(heartbeat, str) else []
    try:
        epoch, sequence, time_ms = (int(word) for word in words)
    except ValueError:
        return Freshness(mark=count)
    return Freshness(epoch, sequence, time_ms, count)


def parse_tilt(info: Any) -> bool | None:
    """Whether a Sentinel is in TILT, by its INFO; None if it did not say, as where the right to ask is missing."""
    found = re.search(r"^sentinel_tilt:(\d)", info, re.MULTILINE) if isinstance(info, str) else None
    return found[1] == "1" if found else None


def coordinates(valkey_version: str) -> bool:
    """Whether this Valkey hands over by itself (since 9.0; 9.0.0 broke other things of Sentinel); Redis never does.

    Args:
        valkey_version: empty for a Redis.
    """
    return tuple(int(part) for part in valkey_version.split(".") if part.isdigit()) >= _COORDINATED_SINCE
