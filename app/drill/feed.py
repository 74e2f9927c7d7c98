"""What the probe tells, as whoever runs the drill sees it."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from app.drill.probe import telling
from app.drill.timeline import Moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.drill.target import Clients
    from app.drill.timeline import TimeLine

COUNTED: Final = ("requests", "writes")
"""The tracks whose errors count for the guard."""
_SLOTS: Final = 20_000
_STALE: Final = 5.0


class Feed:
    """Reads the lines in a thread.

    Args:
        clients: the probe.
        line: gets the moments, and the probe's clock.
        node: what people call a server at an address.

    Attributes:
        hello: the first line, once it is there.
        refused: why the probe did not begin.
        figures: what was measured, once the audit is there.
        health: what is not in order now.
        tracks: the last beat's counts.
        slots: per track, points of 0.25 s: when, good, bad, longest.
        ended: no further line will come.
    """

    def __init__(self, clients: Clients, line: TimeLine, node: Callable[[str], str]) -> None:
        self._clients = clients
        self._line = line
        self._node = node
        self._beaten: float | None = None
        self._read_only: int = 0
        self._history: deque[tuple[float, int, int]] = deque(maxlen=5000)
        self.hello: dict[str, Any] | None = None
        self.refused = ""
        self.figures: dict[str, float | int] | None = None
        self.health: dict[str, Any] = {}
        self.tracks: dict[str, dict[str, Any]] = {}
        self.slots: dict[str, deque[list[float]]] = {}
        self.last_read_only: float | None = None
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="haven-drill-feed", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for text in self._clients.lines():
                if text.startswith(telling.FIRST):  # the log of a container holds its warnings as well
                    self._take(json.loads(text))
        except (OSError, ValueError) as error:
            self.refused = self.refused or f"the clients could not be heard any more: {error}"
        finally:
            self.ended.set()

    def _take(self, told: dict[str, Any]) -> None:
        match told["kind"]:
            case telling.HELLO:
                self._line.offset = told["at"] - time.time()
                self.health = told["health"]
                self.hello = told
            case telling.REFUSED:
                self.refused = told["reason"]
            case telling.MOMENT:
                kind, _, address = told["source"].partition(" ")
                source = f"{kind} {self._node(address)}" if address else kind
                self._line.add(Moment(told["at"], source, told["what"], self._named(told["detail"])))
            case telling.BEAT:
                self._beat(told)
            case telling.AUDIT:
                self.figures, self.health = told["figures"], told["health"]

    def _beat(self, told: dict[str, Any]) -> None:
        self._beaten = time.monotonic()
        self.tracks, self.health = told["tracks"], told["health"]
        for name, track in self.tracks.items():
            self.slots.setdefault(name, deque(maxlen=_SLOTS)).extend(track["slots"])
        good, bad = (sum(self.tracks[name][what] for name in COUNTED) for what in ("good", "bad"))
        self._history.append((self._beaten, good, bad))
        refusals = told["retries"].get("readonly", 0)
        if refusals > self._read_only:
            self._read_only, self.last_read_only = refusals, told["at"]

    def _named(self, text: str) -> str:
        """The text of a Sentinel, with names for addresses: `ip port` in turn."""
        words, named, place = text.split(" "), [], 0
        while place < len(words):
            address = ":".join(words[place : place + 2])
            name = self._node(address)
            named.append(words[place] if name == address else name)
            place += 1 if name == address else 2
        return " ".join(named)

    def healthy(self, since: float = 0.0) -> bool:
        """Whether all is in order, by a look that began after that moment (by the clock of the time line)."""
        return self.fresh and not self.health["problems"] and self.health["at"] > since

    @property
    def fresh(self) -> bool:
        """Whether the clients have been heard lately."""
        return self._beaten is not None and time.monotonic() - self._beaten < _STALE

    def counts(self, track: str) -> tuple[int, int]:
        """How often it went well and badly so far."""
        found = self.tracks.get(track, {})
        return found.get("good", 0), found.get("bad", 0)

    def serves(self, within: float) -> bool:
        """Whether every track that is in use went well within the last so many seconds."""
        return self.fresh and all(
            track["silent"] is not None and track["silent"] < within
            for name, track in self.tracks.items()
            if track["good"] or track["bad"] or name in COUNTED
        )

    def error_rate(self, window: float) -> float:
        """The share of requests and writes of the last so many seconds that failed; 0 when there were none."""
        now = time.monotonic()
        recent = [entry for entry in self._history if entry[0] >= now - window]
        if len(recent) < 2:  # noqa: PLR2004 - a difference is between two
            return 0.0
        good, bad = recent[-1][1] - recent[0][1], recent[-1][2] - recent[0][2]
        return bad / (good + bad) if good + bad else 0.0
