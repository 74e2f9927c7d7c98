"""What a Redis says of itself, asked directly: of any node, not only of the primary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis._parsers.helpers import parse_info
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.connection import Connection

SECTIONS: Final = ("server", "clients", "memory", "replication")


def info_of(connection: Connection) -> dict[str, Any] | str:
    """INFO of the node behind a connection, which is closed then; or why it says nothing in time."""
    try:
        connection.send_command("INFO", *SECTIONS)
        found: dict[str, Any] = parse_info(connection.read_response())
    except (RedisError, OSError) as error:
        return str(error) or type(error).__name__
    finally:
        connection.disconnect()
    return found
