"""A whole run of `haven load`: what is asked for, the users, the visitors, the verdict."""

from __future__ import annotations

import math
import os
import re
import secrets
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.errors import LoadError
from app.example.journeys import JOURNEYS, MIX
from app.load.journeys import Journeys
from app.load.mix import Mix
from app.load.objectives import DEFAULTS, Objective
from app.load.run import Load
from app.load.site import TIMEOUT, Failed, Site, Turned
from app.load.table import Screen
from app.load.tally import Book
from app.load.verdict import INTERRUPTED, Verdict
from app.load.visitors import Visitors
from app.local.target import find_target
from app.ops.logs import configure_logs
from app.runtime import build_runtime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DEFAULT_URL: Final = "http://localhost:8000"
_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")
# A user may sign in 30 times an hour (app/api/login.py); a fifth fewer leaves room for their turns not being even.
_SIGN_INS: Final = 24 / 3600
_FEWEST: Final = 20
_MOST: Final = 2_000
_WORTH: Final = 10.0
_CONCURRENCY: Final = (20, 1_000)
_IMPATIENT: Final = 1.0
_PROBE: Final = 5.0
_AGAIN: Final = 1.0  # a terminal or a supervisor may send the same Ctrl-C twice
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True, kw_only=True)
class Wish:
    """What is asked for; see the options of the command."""

    data: Path
    rate: float
    name: str
    every: float
    url: str | None = None
    duration: float | None = None
    mix: str | None = None
    objectives: Sequence[str] = ()
    users: int | None = None
    concurrency: int | None = None
    result: Path | None = None


@dataclass(slots=True, kw_only=True)
class Plan:
    """What is to be done, checked."""

    wish: Wish
    mix: Mix
    objectives: list[Objective]
    users: int
    concurrency: int
    site: Site | None = None


def plan(wish: Wish) -> Plan:
    """Check what is asked for, and choose what is not.

    Raises:
        LoadError: something can't be read, or contradicts something else.
    """
    mix = Mix.parse(wish.mix or MIX, tuple(JOURNEYS))
    if not _NAME.fullmatch(wish.name):
        raise LoadError(f"--name={wish.name!r}: up to 40 of a-z, 0-9 and -")
    needed = math.ceil(wish.rate * mix.share("sign-in") / _SIGN_INS)
    low, high = _CONCURRENCY
    return Plan(
        wish=wish,
        mix=mix,
        objectives=[Objective.parse(text, mix.journeys) for text in wish.objectives or DEFAULTS],
        users=wish.users or min(max(_FEWEST, needed), _MOST),
        concurrency=wish.concurrency or min(max(low, math.ceil(wish.rate * _WORTH)), high),
        site=Site(wish.url) if wish.url else None,
    )


def run(todo: Plan) -> int:
    """Do it, and return the exit code.

    Raises:
        HavenError: it could not begin.
        OSError: the result can't be written.
    """
    wish = todo.wish
    target = find_target(wish.data)
    configure_logs("ERROR", "console")  # the screen is the table's
    site = todo.site or Site(f"http://127.0.0.1:{target.stack.http_port}" if target.stack else DEFAULT_URL)
    _knock(site)
    runtime = build_runtime(target.config, role="load")
    visitors = Visitors(runtime, wish.name, todo.users)
    try:
        verdict = _send(todo, site, visitors)
        if verdict is None:
            return INTERRUPTED
        print(*verdict.lines(), sep="\n", flush=True)  # noqa: T201 - this is a program
        if wish.result:
            verdict.write(wish.result)
        return verdict.code
    finally:
        visitors.remove(site)
        runtime.close()


def _send(todo: Plan, site: Site, visitors: Visitors) -> Verdict | None:
    """Make the users and let them come; None if it was interrupted before the first."""
    wish = todo.wish
    book = Book(todo.mix.journeys)
    journeys = Journeys(site, visitors, f"{wish.name}-{secrets.token_hex(6)}")
    load = Load(wish.rate, todo.mix, journeys.make, book, concurrency=todo.concurrency)
    screen = Screen(load, book, sys.stdout, wish.every)

    def interrupt(*_: object) -> None:
        if load.told_for > _AGAIN:
            os._exit(INTERRUPTED)  # a second Ctrl-C: now
        load.stop()

    for number in _SIGNALS:
        signal.signal(number, interrupt)
    visitors.make()
    if load.stopped:
        return None
    print(  # noqa: T201 - as above
        f"{wish.rate:g} visitors a second to {site.url}"
        + (f" for {wish.duration:g} s" if wish.duration else " until Ctrl-C")
        + f": {todo.users} users, {todo.concurrency} under way at most",
        flush=True,
    )
    screen.start()
    load.run(wish.duration)
    load.drain(TIMEOUT + _IMPATIENT, _IMPATIENT)
    screen.end()
    tallies = book.read()
    return Verdict(
        url=site.url,
        rate=wish.rate,
        seconds=load.seconds,
        interrupted=load.stopped,
        tallies=tallies,
        reasons=book.reasons(),
        judgements=[objective.judge(tallies) for objective in todo.objectives],
    )


def _knock(site: Site) -> None:
    """See that somebody is there.

    Raises:
        LoadError: nobody answers, or the application is not ready.
    """
    try:
        with site.visit(timeout=_PROBE) as visit:
            visit.call("GET", "/readyz")
    except Failed as error:
        raise LoadError(f"{site.url} does not serve: {error}; start it (haven up), or give --url") from None
    except Turned:
        pass
