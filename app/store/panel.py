"""All the Sentinels, asked at the same moment."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Final, TypeVar

from app.store.sentinel import SentinelLink, newest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    from app.store.sentinel import View
    from app.store.topology import Address

T = TypeVar("T")

_AT_ONCE: Final = 0.02  # seconds in which a Sentinel that is back answers


class Panel:
    """Kept links to the Sentinels, and threads to ask them in.

    Attributes:
        nodes: every Redis that any of them has ever told of.
        executor: made at the first question.

    Args:
        sentinels: their addresses.
        master_name: the primary's name there.
        timeout: seconds for one Sentinel's answer.
        options: connection options, with that timeout.
        tls: whether to use TLS.
    """

    def __init__(
        self, sentinels: Sequence[Address], master_name: str, *, timeout: float, options: dict[str, Any], tls: bool
    ) -> None:
        self._addresses = tuple(sentinels)
        self._name = master_name
        self._timeout = timeout
        self._options = options
        self._tls = tls
        self._links = self._make_links()
        self._executor: ThreadPoolExecutor | None = None
        self.nodes: frozenset[Address] = frozenset()

    def __len__(self) -> int:
        return len(self._links)

    @property
    def executor(self) -> ThreadPoolExecutor:
        """Threads for short questions, to Sentinels and nodes."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(2 * len(self._links) + 2, thread_name_prefix="haven-discovery")
        return self._executor

    def views(self) -> list[View]:
        """What they say now: everyone's answer, or those of an agreeing majority as soon as it is there."""
        pending = {self.executor.submit(link.ask) for link in self._links}
        end = time.monotonic() + 2 * self._timeout
        return self._collect([], pending, end, self._agree)

    def all_views(self) -> list[View]:
        """What all of them say from now on.

        One that did not answer the last time is hardly waited for, unless there is no majority without it.
        """
        end = time.monotonic() + 2 * self._timeout + _AT_ONCE
        prompt = {self.executor.submit(link.ask, self._timeout) for link in self._links if not link.silent}
        pending = prompt | {self.executor.submit(link.ask) for link in self._links if link.silent}
        wait(prompt, 2 * self._timeout)
        done, pending = wait(pending, _AT_ONCE)
        return self._collect(self._noted(done), pending, end, self._is_majority)

    def everyone(self) -> dict[Address, View | str]:
        """What each says now, or why it says nothing; on new links, as a slow answer may occupy a kept one."""
        said = self._ask_each(SentinelLink.ask)
        return {link.address: view or link.trouble for link, view in said.items()}

    def tilted(self) -> list[Address]:
        """Those that act on nothing now, as their clock seems to have jumped (TILT)."""
        return [link.address for link, tilted in self._ask_each(SentinelLink.tilted).items() if tilted]

    def troubles(self) -> str:
        """Why each did not answer the last time, for people."""
        return "; ".join(f"{link.address}: {link.trouble}" for link in self._links)

    def close(self) -> None:
        """Close every link."""
        if self._executor:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None
        for link in self._links:
            link.close()

    def _collect(
        self, found: list[View], pending: set[Future[View | None]], end: float, enough: Callable[[list[View]], bool]
    ) -> list[View]:
        """What was found, and what comes until that is enough or the time is over."""
        while pending and not enough(found):
            done, pending = wait(pending, max(0.0, end - time.monotonic()), FIRST_COMPLETED)
            if not done:
                break
            found += self._noted(done)
        return found

    def _agree(self, found: list[View]) -> bool:
        if not found:
            return False
        said = [(view.primary, view.epoch, view.down) for view in found]
        best = newest(found)
        return said.count((best.primary, best.epoch, best.down)) * 2 > len(self)

    def _is_majority(self, found: list[View]) -> bool:
        return 2 * len(found) > len(self)

    def _noted(self, answers: Iterable[Future[View | None]]) -> list[View]:
        found = [view for view in (future.result() for future in answers) if view is not None]
        self.nodes |= {node for view in found for node in view.nodes}
        return found

    def _ask_each(self, ask: Callable[[SentinelLink], T]) -> dict[SentinelLink, T]:
        links = self._make_links()
        with ThreadPoolExecutor(len(links)) as executor:
            said = dict(zip(links, executor.map(ask, links), strict=True))
        for link in links:
            link.close()
        return said

    def _make_links(self) -> list[SentinelLink]:
        return [SentinelLink(address, self._name, self._options, tls=self._tls) for address in self._addresses]
