"""The stack of `haven up` on this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from app.drill import records
from app.drill.local.clients import LocalClients
from app.drill.local.processes import Freeze, Kill, frozen
from app.drill.redis_faults import Busy, Fill
from app.drill.target import Fault
from app.errors import DrillError
from app.guardian.command import hand_over
from app.local.ports import LOOPBACK
from app.local.state import running
from app.local.target import Target as Known
from app.local.target import find_target
from app.store import create_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from redis import Redis

    from app.drill.experiment import FaultSpec, Probes
    from app.drill.records import Record
    from app.local.state import PartState, StackState

ELSEWHERE: Final = {
    "partition": "a network can't be cut here without root; primary-freeze and primary-power-cut come nearest",
    "dns": "the local stack uses no names",
    "drain": "there is one node only: try primary-handover",
    "rollout": "there is one web process only: try primary-handover, worker-kill",
}


class LocalTarget:
    """A stack that runs.

    Args:
        data: its directory.

    Raises:
        DrillError: none runs there.
    """

    name = "local"

    def __init__(self, data: Path) -> None:
        self._data = data
        self._stack()
        self._known = find_target(data)
        port = self._stack().prometheus_port
        self.prometheus = f"http://{LOOPBACK}:{port}" if port else ""

    def describe(self) -> dict[str, str]:
        """Versions and settings."""
        environment = json.dumps(self._stack().environment, sort_keys=True)
        return {
            "haven": version("haven"),
            "where": "the stack on this machine",
            "configuration": hashlib.sha256(environment.encode()).hexdigest()[:12],
        }

    def refusals(self, fault: FaultSpec) -> list[str]:
        """Why it can't be made here."""
        found = frozen(self._stack().parts)
        if fault.kind in ELSEWHERE:
            found.append(f"fault {fault.kind!r} can't be made on this machine: {ELSEWHERE[fault.kind]}")
        return found

    def clients(self, run: str, probes: Probes, longest: float) -> LocalClients:
        """Start a probe."""
        return LocalClients(self._data, self._stack(), run, probes, longest)

    def node(self, address: str) -> str:
        """redis-1 and so on."""
        stack = self._stack()
        names = {
            f"{LOOPBACK}:{port}": f"{kind}-{place}"
            for kind, ports in (("redis", stack.redis_ports), ("sentinel", stack.sentinel_ports))
            for place, port in enumerate(ports, start=1)
        }
        return names.get(address, address)

    def record(self, record: Record, report: str) -> None:
        """Keep a record."""
        store = create_store(self._known.config, role="drill")
        try:
            records.keep(store, record, report)
        finally:
            store.close()

    def close(self) -> None:
        """Nothing to let go of."""

    def fault(self, spec: FaultSpec, primary: str) -> Fault:  # noqa: PLR0911 - one for each kind
        """Make ready to break something."""
        names = self._victims(spec.where, primary)
        match spec.kind:
            case "kill":
                return Kill(names, self._parts)
            case "freeze":
                return Freeze(names, self._parts, spec.seconds)
            case "power-cut":
                place = names[0].rpartition("-")[2]
                dark = [f"{kind}-{place}" for kind in ("redis", "sentinel", "guardian")]
                return Freeze(dark, self._parts, spec.seconds, reborn=True)
            case "erase":
                return Kill(names, self._parts, first=lambda: self._erase(names[0]))
            case "handover":
                return Handover(self._known)
            case "busy":
                return Busy(names[0], self._redis(names[0]))
            case "fill":
                return Fill(names[0], lambda: self._redis(names[0]), spec.seconds)
        raise DrillError(f"fault {spec.kind!r} can't be made on this machine: {ELSEWHERE.get(spec.kind, '')}")

    def _stack(self) -> StackState:
        return running(self._data) or _none(self._data)

    def _parts(self) -> Sequence[PartState]:
        return self._stack().parts

    def _redis(self, name: str) -> Redis:
        return self._known.redis(self._known.nodes[int(name.rpartition("-")[2]) - 1])

    def _victims(self, where: str, primary: str) -> list[str]:
        """The names of the parts that are meant."""
        if where in {"worker", "web"}:
            return [where]
        nodes = [f"redis-{place}" for place in range(1, len(self._known.nodes) + 1)]
        if where in {"redis", "release"}:
            return nodes
        if primary not in nodes:
            raise DrillError(f"the primary {primary} is none of the stack's nodes ({', '.join(nodes)})")
        others = [name for name in nodes if name != primary]
        beside = [name.replace("redis", "sentinel") for name in others]
        chosen = {"primary": [primary], "replica": others[:1], "sentinel": beside[:1], "sentinels": beside[:2]}
        return chosen[where]

    def _erase(self, name: str) -> str:
        directory = self._data / name / "redis"
        for path in [*directory.glob("appendonlydir"), *directory.glob("*.rdb")]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        return f"remove the data of {name}, "


class Handover(Fault):
    """The guardians' own handover.

    Args:
        known: the installation.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._done = False

    def begin(self) -> str:
        """Hand over."""
        answer = hand_over(self._known.config, None)
        self._done = answer.code == 0
        return f"handover: {answer.body.get('result', 'failed')} {answer.body.get('reason', '')}".strip()

    def fired(self) -> bool:
        """Whether it was done."""
        return self._done


def _none(data: Path) -> StackState:
    raise DrillError(f"no stack runs on {data}: start one with `make up`, or give --target kube")
