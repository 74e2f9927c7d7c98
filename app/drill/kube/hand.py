"""`haven drill hand`: what is done within a Redis pod, by its guardian's container. It ends when its input ends."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from app.drill.hands import LONGEST_FREEZE, Ballast, ballast, busy, freeze
from app.errors import DrillError
from app.guardian.acl import Users
from app.passwords import used
from app.store.direct import direct

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from app.config import Config

REDIS, SENTINEL = 6379, 26379
DOING: Final = "doing"
DONE: Final = "done"
_TIMEOUT: Final = LONGEST_FREEZE + 5
_AGAIN: Final = 0.1


def client(config: Config, port: int) -> Redis:
    """A client of a server of this pod with the rights of `admin`, whose password lies here for the guardian.

    Raises:
        DrillError: this is no guardian's container.
    """
    if not config.haven_guardian_users:
        raise DrillError("this is for a guardian's container: HAVEN_GUARDIAN_USERS is not set")
    users = Users.read(Path(config.haven_guardian_users))
    return direct(config, ("127.0.0.1", port), username="admin", password=used(users.admin), timeout=_TIMEOUT)


def act(config: Config, what: str, seconds: float) -> None:
    """Do it, and say so in a line as soon as it takes effect; end when the time is over, or the input ends.

    Args:
        config: of the guardian.
        what: one of ACTS.
        seconds: how long it stays.

    Raises:
        DrillError: it could not be done.
    """
    over = threading.Event()
    threading.Thread(target=_await_end, args=(over,), daemon=True).start()
    try:
        ACTS[what](config, seconds, over)
    except (RedisError, OSError) as error:
        raise DrillError(f"{what}: {error}") from None
    print(DONE, flush=True)  # noqa: T201 - whoever started it reads it


def _await_end(over: threading.Event) -> None:
    sys.stdin.buffer.read()
    over.set()


def _say() -> None:
    print(DOING, flush=True)  # noqa: T201 - whoever started it reads it


def _kill(config: Config, _: float, __: threading.Event) -> None:
    """It ends at once and waits for nobody: from within, process 1 of a container can't be sent SIGKILL."""
    redis = client(config, REDIS)
    try:
        redis.execute_command("SHUTDOWN", "NOSAVE", "NOW", "FORCE")  # type: ignore[no-untyped-call]
    except RedisError as error:
        if "Connection" not in type(error).__name__:
            raise
    _say()


def _erase(config: Config, seconds: float, over: threading.Event) -> None:
    redis = client(config, REDIS)
    found: Any = redis.config_get("dir", "appenddirname", "dbfilename")
    place = Path(found["dir"])
    shutil.rmtree(place / found["appenddirname"], ignore_errors=True)
    (place / found["dbfilename"]).unlink(missing_ok=True)
    _kill(config, seconds, over)


def _freeze(config: Config, seconds: float, _: threading.Event) -> None:
    _say()
    freeze(client(config, REDIS), seconds)


def _busy(config: Config, seconds: float, over: threading.Event) -> None:
    threading.Timer(seconds, over.set).start()
    _say()
    busy(client(config, REDIS), over)


def _fill(config: Config, seconds: float, over: threading.Event) -> None:
    redis = client(config, REDIS)
    made = Ballast(redis, seconds)
    try:
        if made.fill():
            _say()
        threading.Timer(seconds, over.set).start()
        made.keep(over)
    finally:
        made.remove()


def _empty(config: Config, _: float, __: threading.Event) -> None:
    """Count what is left of a ballast."""
    print(len(ballast(client(config, REDIS))), flush=True)  # noqa: T201 - whoever started it reads it


def _sever(config: Config, seconds: float, over: threading.Event) -> None:
    """Cut what is connected already: a network that only refuses new connections would leave it.

    The Sentinel is started anew for that, as its own connections to others can't be reached otherwise.
    """
    end, said = time.monotonic() + seconds, False
    with suppress(RedisError):
        client(config, SENTINEL).execute_command("SHUTDOWN")  # type: ignore[no-untyped-call]
    redis = client(config, REDIS)
    while time.monotonic() < end and not over.is_set():
        for kind in ("normal", "replica", "master", "pubsub"):
            redis.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")  # type: ignore[no-untyped-call]
        if not said:
            said = True
            _say()
        over.wait(_AGAIN)


def _silence(config: Config, seconds: float, over: threading.Event) -> None:
    """End the Sentinel, again each time it comes back."""
    end, said = time.monotonic() + seconds, False
    while time.monotonic() < end and not over.is_set():
        try:
            client(config, SENTINEL).execute_command("SHUTDOWN")  # type: ignore[no-untyped-call]
        except RedisError:
            if not said:
                said = True
                _say()
        over.wait(_AGAIN)


ACTS: Final[dict[str, Callable[[Config, float, threading.Event], None]]] = {
    "kill": _kill,
    "erase": _erase,
    "freeze": _freeze,
    "busy": _busy,
    "fill": _fill,
    "empty": _empty,
    "sever": _sever,
    "silence": _silence,
}
