"""Where a drill is run: what it must be able to do there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.drill.experiment import FaultSpec, Probes
    from app.drill.records import Record


class Fault(ABC):
    """Something that is broken, and mended again.

    Attributes:
        made_at: when it took effect, seconds since 1970 by our clock; None: when :meth:`begin` was called.
    """

    made_at: float | None = None

    @abstractmethod
    def begin(self) -> str:
        """Break it; what was done, for people.

        Raises:
            DrillError: it could not be done; what was done of it is undone by :meth:`end`.
        """

    @abstractmethod
    def fired(self) -> bool:
        """Whether it took effect: asked again and again for some seconds after :meth:`begin`."""

    def done(self) -> bool:
        """Whether what goes on by itself is over, as a rollout; the fault is not undone before."""
        return True

    def end(self) -> None:  # noqa: B027 - some are mended by somebody else
        """Mend it; harmless when there is nothing to mend, and when called again.

        Raises:
            DrillError: it could not be mended: says what is left and how to mend it by hand.
        """

    def residue(self) -> list[str]:
        """What is left of it, each with the remedy."""
        return []


class Clients(Protocol):
    """A probe that runs; see app/drill/probe."""

    def lines(self) -> Iterator[str]:
        """What it tells, until it has ended."""

    def stop(self) -> None:
        """Tell it to end and to audit."""

    def close(self) -> None:
        """Remove it, whatever it does."""


class Target(Protocol):
    """An installation."""

    name: str
    prometheus: str
    """The address of a Prometheus that scrapes it, if that is known; empty otherwise."""

    def describe(self) -> dict[str, str]:
        """What a report should say of it: versions, namespace, a digest of its configuration."""

    def refusals(self, fault: FaultSpec) -> list[str]:
        """Why this fault can't be made here, each with the remedy; also what an earlier drill left behind.

        Raises:
            DrillError: the installation can't be found, or is none of Haven's.
        """

    def clients(self, run: str, probes: Probes, longest: float) -> Clients:
        """Start a probe.

        Raises:
            DrillError: it could not be started.
        """

    def fault(self, spec: FaultSpec, primary: str) -> Fault:
        """Make ready to break something.

        Args:
            spec: what.
            primary: the name of what is primary now, as :meth:`node` gives it.

        Raises:
            DrillError: what is to be broken is not there.
        """

    def node(self, address: str) -> str:
        """What people call the Redis or Sentinel at this address."""

    def record(self, record: Record, report: str) -> None:
        """Keep a record where its metrics and the page of operations find it.

        Raises:
            DrillError, StoreError: it could not be kept.
        """

    def close(self) -> None:
        """Let go of the way to it."""
