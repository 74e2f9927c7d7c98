"""What Redis and the exporter read at their start, where the guardian writes it (``HAVEN_GUARDIAN_FILES``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.guardian import transport
from app.guardian.files import write_whole
from app.passwords import used

if TYPE_CHECKING:
    from app.guardian.acl import Users
    from app.guardian.settings import Settings

REDIS_CONF: Final = "redis/redis.conf"
EXPORTER_PASSWORDS: Final = "exporter/passwords.json"


def write_redis(settings: Settings, users: Users | None) -> None:
    """Write what Redis and the exporter read at their start; also when a password has changed since.

    Args:
        settings: the guardian's.
        users: of the deployment; None: there are none.

    Raises:
        OSError: a file can't be written.
    """
    directory = Path(settings.files)
    host, port = settings.redis[settings.me]
    own = settings.own_redis[1]
    lines = [f"replica-announce-ip {host}", f"replica-announce-port {port}", *transport.lines(own, settings.tls)]
    exporter: dict[str, str] = {}
    if users is not None:
        lines += users.at_redis()
        # with the user: under another key redis_exporter finds no password, and signs in as nobody
        exporter = {f"{'rediss' if settings.tls else 'redis'}://exporter@127.0.0.1:{own}": used(users.exporter)}
    write_whole(directory / REDIS_CONF, "\n".join(lines) + "\n", mode=0o640)
    write_whole(directory / EXPORTER_PASSWORDS, json.dumps(exporter), mode=0o640)
