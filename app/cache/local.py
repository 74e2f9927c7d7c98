"""Values kept in this process, too, for as long as Redis tells of every change to them."""

from __future__ import annotations

import sys
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from app.cache import codec
from app.cache.tracking import Tracker
from app.store import Store, keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.cache.codec import Entry

MAX_ENTRIES: Final = 10_000
MAX_AGE: Final = 30.0
OVERHEAD: Final = 1000
"""Bytes of an entry besides its texts."""
REMEMBERED: Final = 10_000


class _Kept(NamedTuple):
    entry: Entry
    needs: tuple[str, ...]
    size: int
    until: float


class Local:
    """The values that were used last.

    They stay as text, so that nobody can change what another gets. Without a connection that tells of changes nothing
    is served and nothing is kept.

    Args:
        store: whose cache it is.
        max_bytes: at most so many together.
        max_entries: at most so many values.
        max_age: seconds after which one is read again, whatever Redis told.
    """

    def __init__(self, store: Store, max_bytes: int, max_entries: int = MAX_ENTRIES, max_age: float = MAX_AGE) -> None:
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._max_age = max_age
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._needed_by: dict[str, set[str]] = {}
        self._bytes = 0
        self._sequence = 0
        self._floor = 0
        self._changed: OrderedDict[str, int] = OrderedDict()
        self._tracker = Tracker(store, self.drop)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, place: str) -> Entry | None:
        """A fresh value, if there is one here."""
        if not self._tracker.stands:
            return None
        with self._lock:
            found = self._kept.get(place)
            if found is None:
                return None
            if found.until < time.monotonic() or found.entry.fresh_until <= time.time():
                self._remove(place)
                return None
            self._kept.move_to_end(place)
        return found.entry

    def mark(self) -> int:
        """To be taken before a value is read from Redis, and given to :meth:`keep`."""
        return self._sequence

    def keep(self, place: str, entry: Entry, mark: int) -> None:
        """Keep a value, unless something that it depends on has changed since the mark was taken."""
        if not self._tracker.stands:
            return
        try:
            needs = tuple(map(keys.cache_tag, codec.tag_names(entry)))
        except codec.Unreadable:
            return
        size = OVERHEAD + sum(map(sys.getsizeof, (place, entry.body, entry.tags, *needs)))
        if size > self._max_bytes:
            return
        with self._lock:
            if mark < self._floor or any(self._changed.get(key, 0) > mark for key in (place, *needs)):
                return
            self._remove(place)
            self._kept[place] = _Kept(entry, needs, size, time.monotonic() + self._max_age)
            self._bytes += size
            for tag in needs:
                self._needed_by.setdefault(tag, set()).add(place)
            while self._bytes > self._max_bytes or len(self._kept) > self._max_entries:
                self._remove(next(iter(self._kept)))

    def drop(self, changed: Sequence[str] | None) -> None:
        """Forget the values that these keys are or need, also those that are being read now; None: all."""
        with self._lock:
            self._sequence += 1
            if changed is None:
                self._floor = self._sequence
                for everything in (self._kept, self._needed_by, self._changed):
                    everything.clear()
                self._bytes = 0
                return
            for key in changed:
                self._changed[key] = self._sequence
                self._changed.move_to_end(key)
                for place in (key, *self._needed_by.get(key, ())):
                    self._remove(place)
            while len(self._changed) > REMEMBERED:
                self._floor = self._changed.popitem(last=False)[1]

    def close(self) -> None:
        """End the connection."""
        self._tracker.close()

    def _remove(self, place: str) -> None:
        found = self._kept.pop(place, None)
        if found is None:
            return
        self._bytes -= found.size
        for tag in found.needs:
            needed_by = self._needed_by[tag]
            needed_by.discard(place)
            if not needed_by:
                del self._needed_by[tag]
