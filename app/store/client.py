"""An ordinary redis-py client whose every call goes through the policy: deadline, retries, circuit breaker."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import hiredis
import redis
from redis.exceptions import ResponseError

from app.errors import BlockTooLong
from app.store import keys
from app.store.commands import BLOCKING, WRITES, block_seconds, is_repeatable
from app.store.confirm import check_confirmed, make_certain, or_error
from app.store.pipeline import ResilientPipeline

if TYPE_CHECKING:
    from app.store.connection import PrimaryConnection
    from app.store.policy import Policy
    from app.store.pool import BoundedPool


class _Call:
    """One command and its reply."""

    __slots__ = ("args", "client", "name", "options", "repeatable", "timeout", "wait", "writes")

    def __init__(
        self, client: ResilientRedis, args: tuple[Any, ...], options: dict[str, Any], *, repeatable: bool
    ) -> None:
        self.client = client
        self.args = args
        self.name: str = args[0]
        self.options = options
        self.repeatable = repeatable
        self.writes = args[0] in WRITES
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
        sent = time.monotonic()
        # The mark goes the same way after the write: whoever holds what was confirmed has the higher mark.
        ending = (*pack("INCR", keys.DURABLE_MARK), *pack("WAIT", replicas, int(seconds * 1000)))
        connection.send_packed_command((*pack(*self.args), *ending), check_health=False)
        reply = self._answer(connection)
        mark, confirmed = (or_error(connection.read_response) for _ in range(2))
        if isinstance(reply, ResponseError):
            raise reply
        check_confirmed((mark, confirmed), replicas, repeatable=self.repeatable)
        make_certain(connection, sent, confirmed, seconds)
        return reply

    def _answer(self, connection: PrimaryConnection) -> Any:
        with connection.reading_for(self.timeout) if self.timeout is not None else nullcontext():
            return or_error(lambda: self.client.parse_response(connection, self.args[0], **self.options))


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
