"""redis-py's pipeline, carried through outages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import redis
from redis.exceptions import ResponseError

from app.store import keys
from app.store.commands import WRITES, is_repeatable
from app.store.confirm import check_confirmed, make_certain
from app.store.policy import full, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.store.client import ResilientRedis
    from app.store.connection import PrimaryConnection

    Command = tuple[tuple[Any, ...], dict[str, Any]]


class ResilientPipeline(redis.client.Pipeline):
    """redis-py's pipeline, carried through outages; see ``ResilientRedis.pipeline``.

    With WATCH it behaves as redis-py's: a broken connection is a WatchError, and the caller starts again.
    """

    def __init__(
        self, owner: ResilientRedis, *, transaction: bool, shard_hint: str | None, repeatable: bool | None
    ) -> None:
        super().__init__(owner.connection_pool, owner.response_callbacks, transaction, shard_hint)
        self._owner = owner
        self._declared = repeatable
        self._atomic = transaction
        self.name = "MULTI" if transaction else "PIPELINE"
        self.repeatable = False
        self.writes = False
        self._wait: tuple[int, float] | None = None

    def __enter__(self) -> Self:
        return self

    def execute(self, raise_on_error: bool = True, *, durable: tuple[int, float] | None = None) -> list[Any]:  # noqa: FBT001, FBT002
        """Send everything.

        Args:
            raise_on_error: raise the first error reply instead of returning it in its place.
            durable: replicas that must confirm, and seconds to wait for them.

        Raises:
            NotConfirmed: all was applied on the primary, but too few replicas confirmed it.
            StoreUnavailable, OutcomeUnknown: see :mod:`app.store.policy`.
        """
        if self.watching or self.connection:
            return super().execute(raise_on_error)
        if not self.command_stack:
            return []
        commands: list[Command] = self.command_stack
        self.repeatable = all(is_repeatable(args) for args, _ in commands) if self._declared is None else self._declared
        self.writes = any(args[0] in WRITES for args, _ in commands)
        self._wait = durable
        try:
            replies = self._owner.policy.run(self._owner._pool, self)  # noqa: SLF001 - two halves of one client
        finally:
            self.reset()
        if raise_on_error:
            try:
                self.raise_first_error(commands, replies)
            except ResponseError as error:
                raise full(error) from error.__cause__
        return replies

    def __call__(self, connection: PrimaryConnection) -> list[Any]:
        """One attempt (what the policy repeats)."""
        self.connection = connection
        try:
            if self.scripts:
                self.load_scripts()
            return self._send_all(connection, list(self.command_stack))
        finally:
            self.connection = None  # the policy gives it back to the pool, reset() must not

    def _send_all(self, connection: PrimaryConnection, commands: list[Command]) -> list[Any]:
        if self._wait is None:
            return self._refused_together(self._exchange(connection, commands), commands)
        replicas, seconds = self._wait
        sent = time.monotonic()
        # The mark goes the same way after the write: whoever holds what was confirmed has the higher mark.
        ending: list[Command] = [(("INCR", keys.DURABLE_MARK), {}), (("WAIT", replicas, int(seconds * 1000)), {})]
        if self._atomic:  # WAIT inside MULTI would answer at once
            replies = self._exchange(connection, commands)
            answers = self._execute_pipeline(connection, ending, raise_on_error=False)
        else:
            *replies, mark, confirmed = self._exchange(connection, [*commands, *ending])
            answers = [mark, confirmed]
        self._refused_together(replies, commands)
        check_confirmed(answers, replicas, repeatable=self.repeatable)
        make_certain(connection, sent, answers[-1], seconds)
        return replies

    def _exchange(self, connection: PrimaryConnection, commands: Sequence[Command]) -> list[Any]:
        execute = self._execute_transaction if self._atomic else self._execute_pipeline
        replies: list[Any] = execute(connection, commands, raise_on_error=False)
        return replies

    def _refused_together(self, replies: list[Any], commands: list[Command]) -> list[Any]:
        """Raise a refusal so that all is repeated, unless a command that may not be repeated went through."""
        refused = next((reply for reply in replies if isinstance(reply, ResponseError) and refusal(reply)), None)
        if refused is None:
            return replies
        applied = (args for reply, (args, _) in zip(replies, commands, strict=True) if not isinstance(reply, Exception))
        if self.repeatable or all(is_repeatable(args) for args in applied):
            raise refused
        return replies
