"""Faults in a cluster: by a hand in a Redis pod, by a pod's end, by labels that the network policies heed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from app.drill.kube.api import NotThere
from app.drill.kube.hand import DOING, DONE
from app.drill.kube.labels import CUT_OFF, DRILL, of_release
from app.drill.target import Fault
from app.errors import DrillError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.drill.kube.api import Api, Running

GUARDIAN: Final = "guardian"
_HANDS: Final = 15.0
_SPREADS: Final = 0.5
"""Seconds until a network has heard of a label: connections that are cut before that would be made again."""


class Hand(Fault):
    """A hand in the guardian's container of some Redis pods.

    Args:
        api: of the namespace.
        pods: where.
        what: one of hand.ACTS.
        seconds: how long it stays.
        said: what is done, for people.
    """

    def __init__(self, api: Api, pods: Sequence[str], what: str, seconds: float, said: str) -> None:
        self._api = api
        self._pods = pods
        self._what = what
        self._seconds = seconds
        self._said = said
        self._hands: list[Running] = []
        self._lock = threading.Lock()

    def begin(self) -> str:
        """Start all hands at the same time."""
        with ThreadPoolExecutor(len(self._pods)) as pool:
            list(pool.map(self._start, self._pods))
        return f"{self._said} in {', '.join(self._pods)}"

    def _start(self, pod: str) -> None:
        command = ["haven", "drill", "hand", self._what, "--seconds", f"{self._seconds:g}"]
        hand = self._api.start(pod, GUARDIAN, command, stdin=True)
        with self._lock:
            self._hands.append(hand)
        end = time.monotonic() + _HANDS
        while DOING not in hand.printed:
            if not hand.read(max(0.1, end - time.monotonic())):
                hand.finish(1.0, DOING)
                break
        self.made_at = self.made_at or time.time()

    def fired(self) -> bool:
        """Whether each hand has said that it took effect."""
        return len(self._hands) == len(self._pods) and all(DOING in hand.printed for hand in self._hands)

    def end(self) -> None:
        """Let go."""
        for hand in self._hands:
            hand.close()

    def residue(self) -> list[str]:
        """Ballast that is left."""
        if self._what != "fill":
            return []
        command = ["haven", "drill", "hand", "empty"]
        left = sum(int(self._api.run(pod, GUARDIAN, command, DONE).split()[0]) for pod in self._pods)
        return [f"{left} pieces of ballast are left: they go by themselves within minutes"] if left else []


class Handover(Fault):
    """The guardian's own handover.

    Args:
        api: of the namespace.
        pod: the primary's.
    """

    def __init__(self, api: Api, pod: str) -> None:
        self._api = api
        self._pod = pod
        self._done = False

    def begin(self) -> str:
        """Hand over."""
        said = self._api.run(self._pod, GUARDIAN, ["haven", "handover", "--if-primary"], "done", timeout=45).strip()
        self._done = said.startswith("done")
        return f"handover of {self._pod}: {said}"

    def fired(self) -> bool:
        """Whether it was done."""
        return self._done


class KillProcess(Fault):
    """SIGKILL to process 1 of a container that has Python in it.

    A process can't send that to process 1 of its own namespace, but the kernel can: the limit of processor time is set
    below what it has used (setrlimit(2): SIGKILL at the hard limit).

    Args:
        api: of the namespace.
        pod: where.
        container: of it.
    """

    _CODE: Final = "import resource; resource.prlimit(1, resource.RLIMIT_CPU, (1, 1)); print(1)"

    def __init__(self, api: Api, pod: str, container: str) -> None:
        self._api = api
        self._pod = pod
        self._container = container
        self._before = self._restarts()

    def _restarts(self) -> int:
        """How often it was started anew; one that has ended and waits for that counts already."""
        pod = self._api.call("GET", self._api.core("pods", self._pod))
        found = [each for each in pod["status"].get("containerStatuses", []) if each["name"] == self._container]
        if not found:
            raise DrillError(f"{self._pod} has no container {self._container}")
        return int(found[0]["restartCount"]) + ("running" not in found[0]["state"])

    def begin(self) -> str:
        """Kill it."""
        self._api.run(self._pod, self._container, ["python3", "-c", self._CODE], "1")
        return f"SIGKILL to {self._pod}/{self._container}"

    def fired(self) -> bool:
        """Whether it has ended."""
        return self._restarts() > self._before

    def residue(self) -> list[str]:
        """Not ready yet."""
        pod = self._api.call("GET", self._api.core("pods", self._pod))
        ready = [each["type"] for each in pod["status"].get("conditions", []) if each["status"] == "True"]
        return [] if "Ready" in ready else [f"{self._pod} is not ready: kubectl logs {self._pod} --previous"]


class Label(Fault):
    """Puts a label on pods; the chart's network policies let less through then.

    Args:
        api: of the namespace.
        pods: which.
        value: of the label.
        release: whose.
        hand: cuts what is connected already; None for nobody.
    """

    def __init__(self, api: Api, pods: Sequence[str], value: str, release: str, hand: Hand | None = None) -> None:
        self._api = api
        self._pods = pods
        self._value = value
        self._release = release
        self._hand = hand

    def begin(self) -> str:
        """Put it there."""
        for pod in self._pods:
            self._set(pod, self._value)
        if self._hand:
            time.sleep(_SPREADS)
            self._hand.begin()
        said = "cut off" if self._value == CUT_OFF else "without name service"
        return f"{said}: {', '.join(self._pods)}"

    def _set(self, pod: str, value: str | None) -> None:
        body: Any = {"metadata": {"labels": {DRILL: value}}}
        self._api.call("PATCH", self._api.core("pods", pod), body, kind="application/merge-patch+json")

    def fired(self) -> bool:
        """Whether it is there. Whether it has an effect, `moves` in the experiment tells."""
        return len(labelled(self._api, self._release)) >= len(self._pods)

    def end(self) -> None:
        """Take it away.

        Raises:
            DrillError: the API does not answer: names the command that does it.
        """
        if self._hand:
            self._hand.end()
        failed = []
        for pod in self._pods:
            try:
                self._set(pod, None)
            except NotThere:  # the pod has gone, and its label with it
                continue
            except DrillError as error:
                failed.append(f"kubectl label pod {pod} {DRILL}- ({error})")
        if failed:
            raise DrillError(f"labels are left; take them away: {'; '.join(failed)}")

    def residue(self) -> list[str]:
        """Labels that are left."""
        return labelled(self._api, self._release)


def labelled(api: Api, release: str) -> list[str]:
    """Pods that a drill has marked and nobody has unmarked, with the remedy."""
    found = api.list(api.core("pods"), f"{of_release(release)},{DRILL}")
    names = [pod["metadata"]["name"] for pod in found]
    return [f"{name} is cut off by a drill: kubectl label pod {name} {DRILL}-" for name in names]
