"""Keeps the roles of a local cluster right, and its heartbeat going, for as long as the cluster runs."""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from redis.exceptions import RedisError

from app.local.errors import LocalError
from app.local.nodes import RedisNode, SentinelNode
from app.local.roles import Follow, Order, Promote, Seen, View, freshest, leaderless, named_primary, plan

_TURN: Final = 0.2
_BEAT: Final = 1.0
_LOAD_TIMEOUT: Final = 30.0
_log = logging.getLogger(__name__)


def see(node: RedisNode) -> Seen | None:
    """Ask a Redis about itself; None if it does not answer."""
    if not node.alive:
        return None
    try:
        fields = node.replication()
        heartbeat = node.heartbeat()
    except RedisError:
        return None
    primary = fields["role"] == "master"
    follows = None if primary else int(fields["master_port"])
    return Seen(node.port, primary, follows, fields.get("master_link_status") == "up", heartbeat)


def look(sentinel: SentinelNode) -> View | None:
    """Ask a Sentinel about the primary; None if it does not answer."""
    if not sentinel.alive:
        return None
    try:
        fields = sentinel.view()
    except RedisError:
        return None
    return View(int(fields["port"]), fields["flags"], int(fields["num-other-sentinels"]))


def settle(nodes: Sequence[RedisNode], named: int | None) -> int:
    """Give roles at a cold start: the freshest data wins, and the first node on a first install. Returns its port.

    Args:
        nodes: all the Redis servers, started; those that answer in time take part.
        named: the primary that the Sentinels' files name.

    Raises:
        LocalError: less than a majority of them answers, or one did not take its role.
    """
    deadline = time.monotonic() + _LOAD_TIMEOUT
    seen: list[Seen] = []
    while len(seen) < len(nodes) and time.monotonic() < deadline:
        seen = [found for node in nodes if (found := see(node))]
    if 2 * len(seen) <= len(nodes):
        raise LocalError(f"only {len(seen)} of {len(nodes)} Redis servers answered: no majority to choose a primary")
    primary = freshest(seen, named)
    by_port = {node.port: node for node in nodes}
    try:
        by_port[primary].promote()
        for found in seen:
            if found.port != primary:
                by_port[found.port].follow(primary)
    except RedisError as error:
        raise LocalError(f"a Redis server did not take its role: {error}") from error
    return primary


class Keeper:
    """A thread that looks at all nodes a few times a second and puts right what is wrong."""

    def __init__(self, nodes: Sequence[RedisNode], sentinels: Sequence[SentinelNode]) -> None:
        self._nodes = {node.port: node for node in nodes}
        self._sentinels = sentinels
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="haven-keeper", daemon=True)
        self._leaderless_since: float | None = None
        self._next_beat = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the last turn is over."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_TURN):
            try:
                self._turn()
            except Exception:  # noqa: BLE001 - whatever it was, the next turn looks afresh
                _log.exception("a turn of the keeper failed; it goes on")

    def _turn(self) -> None:
        nodes = {node.port: found for node in self._nodes.values() if (found := see(node))}
        views = [view for sentinel in self._sentinels if (view := look(sentinel))]
        now = time.monotonic()
        if not leaderless(nodes, views, len(self._nodes)):
            self._leaderless_since = None
        elif self._leaderless_since is None:
            self._leaderless_since = now
        waited = now - self._leaderless_since if self._leaderless_since is not None else 0.0
        for order in plan(nodes, views, len(self._nodes), waited):
            with suppress(RedisError):  # the node has gone since: the next turn sees that
                self._carry_out(order)
        named = named_primary(views, len(self._nodes))
        if named in nodes and nodes[named].primary and now >= self._next_beat:
            self._next_beat = now + _BEAT
            with suppress(RedisError):  # refused without a replica, rightly: then nothing is acknowledged either
                self._nodes[named].beat()

    def _carry_out(self, order: Order) -> None:
        node = self._nodes[order.port]
        match order:
            case Promote():
                _log.info("%s has the freshest data and becomes primary", node.name)
                node.promote()
            case Follow(primary=primary):
                _log.info("%s is made to follow %s", node.name, self._nodes[primary].name)
                node.follow(primary)
