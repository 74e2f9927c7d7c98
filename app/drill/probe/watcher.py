"""What the servers do meanwhile: the Sentinels' tidings, the roles of the nodes, and whether all is in order."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from app.errors import SmokeError
from app.smoke.sentinels import NotApplicable, Sentinels
from app.store import deadline
from app.store.discovery import SentinelTopology

if TYPE_CHECKING:
    from app.drill.probe.telling import Teller
    from app.smoke.sentinels import Said
    from app.store import Store
    from app.store.topology import Address

LOOK: Final = 0.1
CHECK: Final = 0.5
_PING: Final = 1.0
PRIMARY: Final = "is primary"
"""What is told of a Redis that says of itself that it is primary."""


class Watcher:
    """Looks on from threads of its own.

    Args:
        store: of the installation.
        teller: told of what happens.

    Attributes:
        health: what is not in order, and where the primary is.
    """

    def __init__(self, store: Store, teller: Teller) -> None:
        self._store = store
        self._topology = store.topology
        self._sentinels = Sentinels(store.topology)
        self._teller = teller
        self._stopped = threading.Event()
        self._nodes: set[Address] = set()
        self._roles: dict[Address, str] = {}
        self._tidings: Any = None
        self.health: dict[str, Any] = {"at": 0.0, "problems": ["nobody has looked yet"], "primary": None, "roles": {}}

    def start(self) -> None:
        """Begin; the first check is done when this returns."""
        if isinstance(self._topology, SentinelTopology):
            self._tidings = self._topology.tidings(
                lambda sentinel, channel, text: self._teller.moment(f"sentinel {sentinel}", channel, text)
            )
        self._check()
        for turn, pause in ((self._look, LOOK), (self._check, CHECK)):
            threading.Thread(target=self._again, args=(turn, pause), name="haven-drill-watch", daemon=True).start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        if self._tidings:
            self._tidings.stop()

    def _again(self, turn: Any, pause: float) -> None:
        while not self._stopped.wait(pause):
            turn()

    def _look(self) -> None:
        """Ask each node for its role, and tell of those that are another than before."""
        if not isinstance(self._topology, SentinelTopology) or not self._nodes:
            return
        roles = self._topology.roles(self._nodes)
        for node, role in roles.items():
            if self._roles.get(node, role) != role:
                self._teller.moment(f"redis {node}", _word(role))
        self._roles = roles

    def _check(self) -> None:
        began = time.time()
        problems: list[str] = []
        topology = self._topology
        said = topology.sentinels.everyone() if isinstance(topology, SentinelTopology) else {}
        checks = (
            lambda: self._sentinels.quorum(said),
            lambda: self._sentinels.failover(said),
            lambda: self._copies(said),
            self._ping,
        )
        for check in checks:
            try:
                check()
            except NotApplicable:
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, it is not in order
                problems.append(str(error).splitlines()[0] if str(error) else type(error).__name__)
        primaries = [str(node) for node, role in self._roles.items() if role == "master"]
        self.health = {
            "at": began,
            "problems": problems,
            "primary": primaries[0] if len(primaries) == 1 else None,
            "roles": {str(node): _word(role) for node, role in self._roles.items()},
        }

    def _copies(self, said: Said) -> None:
        """Every node that is known answers, one of them as primary, and each replica is linked."""
        if not isinstance(self._topology, SentinelTopology):
            raise NotApplicable("a single Redis has no copies")
        self._nodes |= {node for view in said.values() if not isinstance(view, str) for node in view.nodes}
        roles = self._topology.roles(self._nodes)
        self._roles = self._roles or roles
        primaries = [node for node, role in roles.items() if role == "master"]
        if len(primaries) != 1:
            raise SmokeError(f"{len(primaries)} nodes are primary: {', '.join(map(str, primaries)) or 'none'}")
        silent = [str(node) for node, role in roles.items() if not role]
        if silent:
            raise SmokeError(f"Redis {', '.join(silent)} does not answer")
        with deadline(_PING):
            info: Any = self._store.redis.info("replication")
        if info["connected_slaves"] < len(roles) - 1:
            raise SmokeError(f"{info['connected_slaves']} of {len(roles) - 1} replicas are linked to the primary")

    def _ping(self) -> None:
        with deadline(_PING):
            self._store.redis.ping()


def _word(role: str) -> str:
    return {"master": PRIMARY, "slave": "is replica"}.get(role, "does not answer")
