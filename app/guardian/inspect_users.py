"""Whether this node's Redis and Sentinel know the users by the passwords in their files, and by no others."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis.exceptions import AuthenticationError, RedisError

from app.errors import GuardianError
from app.guardian.acl import AT_REDIS, AT_SENTINEL, Users, digest
from app.passwords import accepted
from app.store.direct import direct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.config import Config


def differences(config: Config) -> list[str]:
    """What is not as the files say; empty if all is.

    Args:
        config: of the guardian, in whose container the files are.

    Raises:
        GuardianError: this is no guardian's container, or a file can't be used.
    """
    if not config.haven_guardian_users:
        raise GuardianError("HAVEN_GUARDIAN_USERS is not set: run this where a guardian runs, in its container")
    try:
        users = Users.read(Path(config.haven_guardian_users))
    except (OSError, ValueError) as error:
        raise GuardianError(str(error)) from None
    here = {
        "Redis": (config.haven_guardian_redis, AT_REDIS),
        "Sentinel": (config.haven_guardian_sentinel, AT_SENTINEL),
    }
    found = []
    for server, (address, rights) in here.items():
        if address is None:
            raise GuardianError(f"HAVEN_GUARDIAN_{server.upper()} is not set: where is this node's {server}?")
        try:
            found += [f"{server}: {line}" for line in _compare(config, address, users, rights)]
        except RedisError as error:
            found.append(f"{server} does not say whom it knows: {error}")
    return found


def _compare(config: Config, address: tuple[str, int], users: Users, names: Iterable[str]) -> Iterator[str]:
    passwords = asdict(users)
    client = _admin(config, address, accepted(users.admin))
    try:
        for name in names:
            wanted = set(map(digest, accepted(passwords[name])))
            reply: Any = client.execute_command("ACL", "GETUSER", name)
            known = set(dict(zip(reply[::2], reply[1::2], strict=True))["passwords"]) if reply else set()
            if missing := len(wanted - known):
                yield f"{missing} of {len(wanted)} passwords of {name} are not accepted yet"
            if more := len(known - wanted):
                yield f"{more} former password{'s' if more > 1 else ''} of {name} still accepted"
    finally:
        client.close()


def _admin(config: Config, address: tuple[str, int], passwords: Iterable[str]) -> Any:
    """A client with the first of the passwords that is right.

    Raises:
        RedisError: none is, or the server does not answer.
    """
    refused: RedisError = AuthenticationError("there is no password of admin")
    for password in passwords:
        client = direct(config, address, username="admin", password=password)
        try:
            client.ping()
        except AuthenticationError as error:
            client.close()
            refused = error
        else:
            return client
    raise refused
