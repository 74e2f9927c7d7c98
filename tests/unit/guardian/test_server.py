"""Who may ask for a handover."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from app.guardian.outcome import DONE, Outcome
from app.guardian.server import Routes
from app.guardian.settings import Credentials, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class _Agent:
    async def hand_over(self, to: str | None) -> Outcome:
        return Outcome(DONE, f"to {to}", "a")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join()
    made.close()


def asker(token: Credentials, loop: asyncio.AbstractEventLoop) -> Callable[[str], str]:
    address = ("127.0.0.1", 1)
    settings = Settings(
        names=("a",),
        me=0,
        redis=(address,),
        sentinels=(address,),
        own_redis=address,
        own_sentinel=address,
        master="shop",
        quorum=1,
        token=token,
    )
    agent: Any = _Agent()
    routes = Routes(settings, agent, loop)

    def ask(given: str) -> str:
        seen: list[str] = []
        environ = {"PATH_INFO": "/handover", "REQUEST_METHOD": "POST", "HTTP_AUTHORIZATION": f"Bearer {given}"}
        start: Any = lambda status, _: seen.append(status)  # noqa: E731 - as WSGI calls it
        routes(environ, start)
        return seen[0].split()[0]

    return ask


def test_a_token_is_read_when_it_is_needed_and_each_of_its_lines_is_right(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    file = tmp_path / "token"
    file.write_text("former\n")
    ask = asker(Credentials(file=str(file)), loop)
    assert [ask("former"), ask("new"), ask("")] == ["200", "401", "401"]
    file.write_text("new\nformer\n")
    assert [ask("former"), ask("new"), ask("new\nformer")] == ["200", "200", "401"]
    file.write_text("new\n")
    assert [ask("former"), ask("new")] == ["401", "200"]


def test_without_a_token_nobody_may(loop: asyncio.AbstractEventLoop) -> None:
    assert asker(Credentials(), loop)("") == "403"
