"""One look a second for everyone who has the page open, made by a thread that ends after the last of them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import structlog
from werkzeug.exceptions import ServiceUnavailable

from app.ops.console.look import Picture, look
from app.ops.console.timeline import TimeLine
from app.store.discovery import SentinelTopology

if TYPE_CHECKING:
    from app.store import Store
    from app.store.topology import Address

EVERY: Final = 1.0
SOONEST: Final = 0.1  # between two looks, however much the Sentinels say
LINGER: Final = 10.0  # seconds that it goes on after somebody asked without staying
log: Final = structlog.get_logger(__name__)


class Watch:
    """Looks as long as somebody looks on.

    Args:
        store: whose Redis.
        most: streams at once; each holds a thread of the web server.

    Attributes:
        line: the time line.
        picture: the last look; None before the first.
    """

    def __init__(self, store: Store, most: int) -> None:
        self.line = TimeLine()
        self.picture: Picture | None = None
        self.most = most
        self._store = store
        self._news = threading.Condition()
        self._wake = threading.Event()
        self._version = 0
        self._streams = 0
        self._until = 0.0
        self._thread: threading.Thread | None = None
        if isinstance(store.topology, SentinelTopology):
            store.topology.on_switch(self._switched)

    @property
    def running(self) -> bool:
        """Whether it looks now."""
        return self._thread is not None

    def enter(self) -> None:
        """Somebody stays: until :meth:`leave`.

        Raises:
            ServiceUnavailable: as many as may are here.
        """
        with self._news:
            if self._streams >= self.most:
                raise ServiceUnavailable("As many as may watch already: ask for /ops/state.json every second.")
            self._streams += 1
            self._start()

    def leave(self) -> None:
        """One of those who stayed goes."""
        with self._news:
            self._streams -= 1

    def glance(self, patience: float = 2 * EVERY) -> Picture | None:
        """Somebody asks and may ask again.

        Args:
            patience: seconds to wait when nothing is known yet.
        """
        with self._news:
            self._until = time.monotonic() + LINGER
            self._start()
            self._news.wait_for(lambda: self.picture is not None, patience)
        return self.picture

    def wait(self, seen: int, seconds: float) -> int:
        """The version after the one that was seen; the same when there is no news for so long."""
        with self._news:
            self._news.wait_for(lambda: self._version > seen, seconds)
            return self._version

    def _start(self) -> None:
        if self._thread is None:
            self.picture = None  # of long ago
            self.line.forget()
            self._thread = threading.Thread(target=self._run, name="haven-console", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        topology = self._store.topology
        watcher = topology.tidings(self._heard) if isinstance(topology, SentinelTopology) else None
        try:
            while self._is_wanted():
                began = time.monotonic()
                self._look()
                self._wake.wait(max(0.0, began + EVERY - time.monotonic()))
                self._wake.clear()
                time.sleep(max(0.0, began + SOONEST - time.monotonic()))
        finally:
            if watcher:
                watcher.stop()

    def _is_wanted(self) -> bool:
        with self._news:
            if self._streams or time.monotonic() < self._until:
                return True
            self._thread = None
            return False

    def _look(self) -> None:
        try:
            picture = look(self._store)
        except Exception:
            log.exception("ops.look_failed")  # the page says that there is no news; the next look may do
            return
        self.line.compare(picture)
        self.picture = picture
        self._tell()

    def _heard(self, sentinel: Address, channel: str, text: str) -> None:
        self.line.hear(str(sentinel), channel, text)
        self._tell()
        self._wake.set()

    def _switched(self, primary: Address) -> None:
        if self.running:
            self.line.see(f"Commands of this process go to {primary} now")
            self._tell()

    def _tell(self) -> None:
        with self._news:
            self._version += 1
            self._news.notify_all()
