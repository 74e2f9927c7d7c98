"""An ordinary redis-py client whose every call goes through the policy: deadline, retries, circuit breaker."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Self

import hiredis
import redis
from redis.exceptions import ResponseError

from app.errors import BlockTooLong, NotConfirmed
from app.store import keys
from app.store.commands import BLOCKING, block_seconds, is_repeatable
from app.store.policy import full, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.store.connection import PrimaryConnection
    from app.store.policy import Policy
    from app.store.pool import BoundedPool

    Command = tuple[tuple[Any, ...], dict[str, Any]]


class _Call:
    """One command and its reply."""

    __slots__ = ("args", "client", "name", "options", "repeatable", "timeout", "wait")

    def __init__(
        self, client: ResilientRedis, args: tuple[Any, ...], options: dict[str, Any], *, repeatable: bool
    ) -> None:
        self.client = client
        self.args = args
        self.name: str = args[0]
        self.options = options
        self.repeatable = repeatable
        self.timeout: float | None = None
        self.wait = (0, 0.0)

    def __call__(self, connection: PrimaryConnection) -> Any:
        connection.send_packed_command(connection._command_packer.pack(*self.args), check_health=False)  # noqa: SLF001
        if self.timeout is None:
            return self.client.parse_response(connection, self.args[0], **self.options)
        with connection.reading_for(self.timeout):
            return self.client.parse_response(connection, self.args[0], **self.options)


class _Script(_Call):
    """A script: its reply has no form of redis-py's own, and its arguments are texts and numbers."""

    __slots__ = ()

    def __call__(self, connection: PrimaryConnection) -> Any:
        return connection.ask(hiredis.pack_command(self.args))


class _Confirmed(_Call):
    """One write and, on the same way, the question whether the replicas have it."""

    __slots__ = ()

    def __call__(self, connection: PrimaryConnection) -> Any:
        replicas, seconds = self.wait
        pack = connection._command_packer.pack  # noqa: SLF001
        # The mark goes the same way after the write: whoever holds what was confirmed has the higher mark.
        ending = (*pack("INCR", keys.DURABLE_MARK), *pack("WAIT", replicas, int(seconds * 1000)))
        connection.send_packed_command((*pack(*self.args), *ending), check_health=False)
        reply = self._answer(connection)
        mark, confirmed = (_or_error(connection.read_response) for _ in range(2))
        if isinstance(reply, ResponseError):
            raise reply
        _check_confirmed((mark, confirmed), replicas, repeatable=self.repeatable)
        return reply

    def _answer(self, connection: PrimaryConnection) -> Any:
        with connection.reading_for(self.timeout) if self.timeout is not None else nullcontext():
            return _or_error(lambda: self.client.parse_response(connection, self.args[0], **self.options))


def _check_confirmed(answers: Sequence[Any], replicas: int, *, repeatable: bool) -> None:
    """Look at the answers to the mark and to WAIT.

    A primary that has become a replica lets a script pass that finds nothing to write, refuses the mark, and has an
    error of its own for WAIT: so the first error counts for all.
    """
    for answer in answers:
        if isinstance(answer, ResponseError):
            if refusal(answer) and not repeatable:  # it was done; to do it again is not ours to decide
                raise NotConfirmed(0, replicas) from answer
            raise answer
    if answers[-1] < replicas:
        raise NotConfirmed(answers[-1], replicas)


def _or_error(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ResponseError as error:
        return error


class ResilientRedis(redis.Redis):
    """redis-py's client on a :class:`BoundedPool`, carried through outages by a :class:`Policy`.

    Commands that are harmless to repeat are repeated within the deadline; the others fail with
    :class:`~app.errors.OutcomeUnknown` when their connection breaks after sending. A command that the server refused
    (READONLY, LOADING, NOREPLICAS …) was not applied and is always repeated.

    Args:
        connection_pool: where the connections come from.
        policy: shared by all clients of one store.
        longest_block: seconds a blocking command may block on this client.
    """

    def __init__(
        self,
        connection_pool: BoundedPool,
        policy: Policy | None = None,
        longest_block: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(connection_pool=connection_pool, **kwargs)
        if policy is None:
            raise TypeError("ResilientRedis needs the store's policy: use app.store.create_store")
        self.policy = policy
        self.longest_block = longest_block
        self._pool = connection_pool

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command; see the class for what is repeated."""
        return self.call(args, options, repeatable=is_repeatable(args))

    def call(
        self,
        args: tuple[Any, ...],
        options: dict[str, Any] | None = None,
        *,
        repeatable: bool,
        durable: tuple[int, float] | None = None,
        name: str | None = None,
    ) -> Any:
        """Send one command, saying whether it may be repeated.

        Args:
            args: the command and its arguments.
            options: redis-py's options for parsing the reply.
            repeatable: for example because it carries an id that a script checks.
            durable: replicas that must confirm it, and seconds to wait for them.
            name: of the script that it runs, for messages and metrics.

        Raises:
            BlockTooLong: it would block longer than this client allows.
            NotConfirmed: it was applied on the primary, but too few replicas confirmed it.
            StoreUnavailable, OutcomeUnknown: see :mod:`app.store.policy`.
        """
        kind = _Confirmed if durable is not None else _Script if name is not None else _Call
        exchange = kind(self, args, options or {}, repeatable=repeatable)
        if durable is not None:
            exchange.wait = durable
        if name is not None:
            exchange.name = name
        if args[0] not in BLOCKING:
            return self.policy.run(self._pool, exchange)
        seconds = block_seconds(args)
        if seconds is not None:
            if seconds > self.longest_block:
                raise BlockTooLong(
                    f"{args[0]} would block for {seconds:g} s, this client allows {self.longest_block:g} s: "
                    "use store.blocking, or block for less and ask again"
                )
            exchange.timeout = seconds
        return self.policy.run(self._pool, exchange, seconds or 0.0)

    def pipeline(
        self,
        transaction: bool = True,  # noqa: FBT001, FBT002 - redis-py's signature
        shard_hint: str | None = None,
        *,
        repeatable: bool | None = None,
    ) -> ResilientPipeline:
        """Commands sent in one go.

        Args:
            transaction: whether they are wrapped in MULTI and EXEC.
            shard_hint: redis-py's; unused.
            repeatable: whether all of them together may be repeated; None: when each of them may.
        """
        return ResilientPipeline(self, transaction=transaction, shard_hint=shard_hint, repeatable=repeatable)

    def client(self) -> redis.Redis:
        """A client that keeps one connection to itself; its commands are not repeated."""
        return redis.Redis(connection_pool=self._pool, single_connection_client=True)


class ResilientPipeline(redis.client.Pipeline):
    """redis-py's pipeline, carried through outages; see :meth:`ResilientRedis.pipeline`.

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
        # The mark goes the same way after the write: whoever holds what was confirmed has the higher mark.
        ending: list[Command] = [(("INCR", keys.DURABLE_MARK), {}), (("WAIT", replicas, int(seconds * 1000)), {})]
        if self._atomic:  # WAIT inside MULTI would answer at once
            replies = self._exchange(connection, commands)
            answers = self._execute_pipeline(connection, ending, raise_on_error=False)
        else:
            *replies, mark, confirmed = self._exchange(connection, [*commands, *ending])
            answers = [mark, confirmed]
        self._refused_together(replies, commands)
        _check_confirmed(answers, replicas, repeatable=self.repeatable)
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
