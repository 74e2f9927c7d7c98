"""Passwords that are changed, and users whose rights a new version changes: Redis and Sentinel take them as they run.

A user's file may be rewritten at any time. What it accepts then is told to this node's Redis and Sentinel; nobody is
disconnected by that. As a Sentinel's own file remembers its users, it is told at every start of the guardian as well:
else a Sentinel that was first started by an older version would keep the rights of that version for ever.
"""

from __future__ import annotations

import asyncio
import http.client
import re
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hiredis
import structlog

from app.guardian.acl import Users
from app.guardian.conf import write_redis
from app.guardian.files import write_whole
from app.guardian.seed import has_password, signing_in
from app.guardian.settings import Credentials
from app.guardian.wire import Away, Link
from app.passwords import accepted, used

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.guardian.settings import Address, Settings
    from app.guardian.wire import Door

log = structlog.get_logger(__name__)

CHECK: Final = 5.0
"""Seconds between two looks. A mounted Secret follows its change within about a minute."""
_CALL: Final = 2.0
_TOO_OFTEN: Final = 3
_SIGNING_IN: Final = re.compile(r"user |sentinel (?:auth-user|auth-pass|sentinel-user|sentinel-pass) ")


def catch_up(settings: Settings) -> bool:
    """Give a Sentinel that is not running today's users and passwords, by its own file.

    Where all passwords are others than before (the Secret was made anew), nobody could tell it once it runs.

    Args:
        settings: the guardian's, with ``users``.

    Returns:
        Whether they were others.

    Raises:
        OSError, ValueError: a file can't be read or written, or holds no password.
    """
    conf = Path(settings.conf)
    if not conf.exists():
        return False
    kept = conf.read_text("utf-8").splitlines()
    others = [line for line in kept if not _SIGNING_IN.match(line)]
    lines = [*others, *Users.read(Path(settings.users)).at_sentinel(), *signing_in(settings)]
    if set(lines) == set(kept):
        return False
    write_whole(conf, "\n".join(lines) + "\n")
    return True


class Accounts:
    """Keeps the users of a node's Redis and Sentinel in step with the files.

    Args:
        settings: the guardian's, with ``users``.
        redis: how this node's Redis is reached.
        sentinel: how its Sentinel is.
    """

    def __init__(self, settings: Settings, redis: Door, sentinel: Door) -> None:
        self._settings = settings
        self._written: Users | None = None
        self._heard: Users | None = None
        self._told: dict[Door, Users | None] = {redis: None, sentinel: None}
        self._tell: dict[Door, Callable[[Link, Users], Awaitable[None]]] = {
            redis: self._tell_redis,
            sentinel: self._tell_sentinel,
        }
        self._failures = 0

    async def run(self) -> None:
        """Look again and again, whatever goes wrong."""
        while True:
            try:
                await self.turn()
                self._failures = 0
            except (OSError, ValueError, Away, hiredis.ReplyError) as error:
                self._failures += 1
                if self._failures == _TOO_OFTEN:  # once is what a start looks like: the others are not there yet
                    log.warning("accounts.not_told", error=str(error))
            except Exception:  # what nobody thought of must not end it either
                log.exception("accounts.turn_failed")
            await asyncio.sleep(CHECK)

    async def turn(self) -> None:
        """Look once, and tell whoever does not know it yet.

        Raises:
            OSError, ValueError: a file can't be read or written, or holds no password.
            Away: a server does not answer, or lets the admin in with none of the passwords.
            hiredis.ReplyError: it refuses what it is told.
        """
        users = Users.read(Path(self._settings.users))
        if self._settings.files and users != self._written:
            write_redis(self._settings, users)
        before, self._written = self._written, users
        problems: list[Away | hiredis.ReplyError] = []
        for door, told in self._told.items():
            if users == told:
                continue
            admins = [word for known in (users, told, before) if known for word in accepted(known.admin)]
            try:
                link = await _enter(door, admins)
                try:
                    await self._tell[door](link, users)
                finally:
                    link.close()
            except (Away, hiredis.ReplyError) as error:  # the other one is told all the same
                problems.append(error)
                continue
            self._told[door] = users
            log.info("accounts.told", host=door.host, port=door.port)
        if self._settings.exporter and users != self._heard:
            await asyncio.to_thread(_reload, self._settings.exporter)
            self._heard = users
        if problems:
            raise problems[0]

    @staticmethod
    async def _tell_redis(link: Link, users: Users) -> None:
        for line in users.at_redis():
            name, _, rest = line.partition(" ")
            match name:
                case "user":
                    await link.one("ACL", "SETUSER", *rest.split(" "), within=_CALL)
                case "masterauth":
                    await link.one("CONFIG", "SET", name, used(users.replica), within=_CALL)

    async def _tell_sentinel(self, link: Link, users: Users) -> None:
        for line in users.at_sentinel():
            await link.one("ACL", "SETUSER", *line.split(" ")[1:], within=_CALL)
        settings = self._settings
        if not has_password(settings):  # saying it drops the connections
            await link.one("SENTINEL", "SET", settings.master, "auth-pass", used(users.sentinel), within=_CALL)
        own = settings.sentinel_credentials.password
        known: list[str] = await link.one("SENTINEL", "CONFIG", "GET", "sentinel-pass", within=_CALL)
        if own and own not in known:
            await link.one("SENTINEL", "CONFIG", "SET", "sentinel-pass", own, within=_CALL)
        await link.one("SENTINEL", "FLUSHCONFIG", within=_CALL)


def _reload(exporter: Address) -> None:
    """Let the redis_exporter read its passwords again.

    Raises:
        OSError: it does not answer, or can't.
    """
    connection = http.client.HTTPConnection(*exporter, timeout=_CALL)
    try:
        connection.request("GET", "/-/reload")
        answer = connection.getresponse()
        said = answer.read(200).decode(errors="replace").strip()
        if answer.status != HTTPStatus.OK:
            raise OSError(f"the exporter at {exporter[0]}:{exporter[1]} answers {answer.status}: {said}")
    except http.client.HTTPException as error:
        raise OSError(f"the exporter at {exporter[0]}:{exporter[1]} answers nonsense: {error!r}") from None
    finally:
        connection.close()


async def _enter(door: Door, passwords: list[str]) -> Link:
    """A connection as the admin, with the first of the passwords that is right."""
    refused = Away("there is no password for the admin")
    for password in dict.fromkeys(passwords):
        link = Link(replace(door, credentials=Credentials("admin", password), database=0))
        try:
            await link.one("PING", within=_CALL)
        except Away as error:
            link.close()
            if error.refused:
                raise
            refused = error
        else:
            return link
    raise refused
