"""The connection against real sockets that behave in every bad way."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import hiredis
import pytest

from app.guardian.settings import Credentials
from app.guardian.wire import Away, Door, Link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


MADE: list[Link] = []


def link_to(door: Door, lost: Callable[[], None] = lambda: None) -> Link:
    """A link that the server closes at its own end."""
    MADE.append(Link(door, lost))
    return MADE[-1]


@asynccontextmanager
async def server(answer: bytes, *, close: bool = False) -> AsyncIterator[Door]:
    """Answers the same to whatever it is sent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            writer.write(answer)
            await writer.drain()
            if close:
                break
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield Door("127.0.0.1", port, Credentials())
        while MADE:
            MADE.pop().close()
    await asyncio.sleep(0.05)  # the server's side of what was closed


def test_replies_come_in_order_with_errors_in_their_place() -> None:
    async def run() -> None:
        async with server(b"+OK\r\n-ERR no\r\n:7\r\n") as door:
            replies = await link_to(door).call(("A",), ("B", 1), ("C",), within=2)
            assert replies[0] == "OK"
            assert isinstance(replies[1], hiredis.ReplyError)
            assert replies[2] == 7

    asyncio.run(run())


def test_an_error_to_one_command_is_raised() -> None:
    async def run() -> None:
        async with server(b"-NOPERM no\r\n") as door:
            with pytest.raises(hiredis.ReplyError, match="NOPERM"):
                await link_to(door).one("A")

    asyncio.run(run())


def test_a_refused_connection_says_so_and_nothing_else_does() -> None:
    async def run() -> None:
        async with server(b"") as door:
            pass
        with pytest.raises(Away) as caught:
            await link_to(door).one("PING")
        assert caught.value.refused

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff" * 20,
        b"+OK\r\n+AND\r\n+MORE\r\n",
        b"$5000000\r\n" + b"x" * 4_900_000,
    ],
    ids=["http", "binary", "unasked", "endless"],
)
def test_nonsense_ends_the_connection_and_the_next_call_makes_a_new_one(answer: bytes) -> None:
    async def run() -> None:
        async with server(answer) as door:
            link = link_to(door)
            for _ in range(2):
                with pytest.raises(Away):
                    await link.call(("PING",), ("PING",), ("PING",), ("PING",), within=1)
            assert not link.is_open
            assert link.connects == 2

    asyncio.run(run())


def test_an_answer_that_nobody_asked_for_ends_the_connection() -> None:
    async def run() -> None:
        async with server(b"+OK\r\n+AND\r\n+MORE\r\n") as door:
            link = link_to(door)
            assert await link.one("PING") == "OK"
            await asyncio.sleep(0.1)
            assert not link.is_open

    asyncio.run(run())


def test_silence_is_waited_for_only_so_long() -> None:
    async def run() -> None:
        async with server(b"") as door:
            link = link_to(door)
            with pytest.raises(Away, match="no answer within") as caught:
                await link.one("PING", within=0.1)
            assert not caught.value.refused
            assert not link.is_open

    asyncio.run(run())


def test_the_end_of_a_connection_is_told_at_once() -> None:
    async def run() -> None:
        lost = asyncio.Event()
        async with server(b"+PONG\r\n", close=True) as door:
            link = link_to(door, lost.set)
            assert await link.one("PING") == "PONG"
            async with asyncio.timeout(1):
                await lost.wait()
            assert not link.is_open

    asyncio.run(run())


def test_a_refused_password_is_an_absence_with_its_reason() -> None:
    async def run() -> None:
        async with server(b"-WRONGPASS invalid\r\n") as door:
            secret = Door(door.host, door.port, Credentials("me", "secret"))
            with pytest.raises(Away, match="AUTH: WRONGPASS"):
                await link_to(secret).one("PING")

    asyncio.run(run())


def test_what_was_asked_before_the_end_fails_and_does_not_hang() -> None:
    async def run() -> None:
        async with server(b"+OK\r\n", close=True) as door:
            link = link_to(door)
            with pytest.raises(Away):
                await link.call(("A",), ("B",), within=2)
            assert not link.is_open

    asyncio.run(run())
