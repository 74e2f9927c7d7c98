"""What makes a write durable: that replicas confirm it, and that no other node was promoted before they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import hiredis
from redis.exceptions import ResponseError

from app.errors import NotConfirmed, PrimaryInDoubt
from app.store.policy import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.store.connection import PrimaryConnection


ATTEMPTS: Final = 2
"""To ask for an answer is cheaper than to write again and wait for the replicas again, which may fail too."""


def check_confirmed(answers: Sequence[Any], replicas: int, *, repeatable: bool) -> None:
    """Look at the answers to the mark and to WAIT.

    A primary that has become a replica lets a script pass that finds nothing to write, refuses the mark, and has an
    error of its own for WAIT: so the first error counts for all.

    Raises:
        NotConfirmed: too few replicas have it; or it was done, and what came after it was refused.
        ResponseError: the server's own answer, if all may be repeated.
    """
    for answer in answers:
        if isinstance(answer, ResponseError):
            if refusal(answer) and not repeatable:  # it was done; to do it again is not ours to decide
                raise NotConfirmed(0, replicas) from answer
            raise answer
    if answers[-1] < replicas:
        raise NotConfirmed(answers[-1], replicas)


def make_certain(connection: PrimaryConnection, sent: float, confirmed: int, seconds: float) -> None:
    """See to it that no other node was promoted before the replicas confirmed; or that all of them did.

    Whoever is promoted is one of them, and if it had been before, it would not have confirmed.

    Args:
        connection: that the write was sent on.
        sent: when, monotonic seconds.
        confirmed: how many replicas have it.
        seconds: for the others to confirm it too, if that matters.

    Raises:
        PrimaryInDoubt: neither could be shown.
    """
    topology = connection.topology
    for _ in range(ATTEMPTS):
        if topology.holds(connection.address, sent):
            return
        everyone = topology.replicas
        if confirmed < everyone:
            question: tuple[Any, ...] = ("WAIT", everyone, int(seconds * 1000))
            confirmed = connection.ask(hiredis.pack_command(question))
        if confirmed >= everyone:
            return
    raise PrimaryInDoubt(confirmed, everyone)


def or_error(read: Callable[[], Any]) -> Any:
    """A reply, or the error that the server answered with."""
    try:
        return read()
    except ResponseError as error:
        return error
