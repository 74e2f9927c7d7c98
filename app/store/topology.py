"""Where the primary is: a fixed address, or whatever the Sentinels say."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Address(NamedTuple):
    """A Redis or Sentinel endpoint."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Topology(Protocol):
    """Answers where the primary is, at every connect."""

    verifies_role: bool
    """Whether a new connection must see ROLE say master, and tell what it saw by confirm or refute."""

    def primary(self) -> Address:
        """The primary's address now.

        Raises:
            NoPrimary: nobody names a living one.
        """

    def confirm(self, address: Address) -> None:
        """The node says itself that it is the primary."""

    def refute(self, address: Address) -> None:
        """The node says itself that it is not the primary, or can't be reached."""

    def holds(self, address: Address, sent: float) -> bool:
        """Whether a node that has just answered what was sent to it at `sent` (monotonic) is the primary for certain.

        If not, another one may have been promoted, and what this one and a replica have may be gone in a moment.
        """

    def answered(self, address: Address, sent: float) -> None:
        """A node has just done a write that was sent to it at `sent` (monotonic): it is alive, and nobody holds it."""

    @property
    def replicas(self) -> int:
        """How many replicas the primary has when all are there, as far as known."""

    def close(self) -> None:
        """Let go of every connection and thread."""


class Fixed:
    """One Redis at a fixed address."""

    verifies_role = False  # a managed Redis may forbid ROLE, and there is no other node to go to

    def __init__(self, address: Address) -> None:
        self._address = address

    def primary(self) -> Address:
        """The one address."""
        return self._address

    def confirm(self, address: Address) -> None:
        """Nothing to learn: there is no other node."""

    def refute(self, address: Address) -> None:
        """Nothing to learn: there is no other node."""

    def holds(self, address: Address, sent: float) -> bool:  # noqa: ARG002 - there is no other node
        """Always: who promotes another node behind a fixed address, can't be asked."""
        return True

    def answered(self, address: Address, sent: float) -> None:
        """Nothing to learn: there is no other node."""

    @property
    def replicas(self) -> int:
        """None that is known."""
        return 0

    def close(self) -> None:
        """Nothing to let go of."""
