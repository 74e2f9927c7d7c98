"""How a connection signs in: a password that is in a file is read at every connect, as it may have been changed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from redis.credentials import CredentialProvider

from app.passwords import used

if TYPE_CHECKING:
    from app.config import Config


class PasswordFile(CredentialProvider):
    """Signs in with what the file says now.

    Args:
        username: of the ACL; None for the default user.
        file: with the password; the first of several lines is used.
        known: the password that it had, for a moment in which it can't be read.
    """

    def __init__(self, username: str | None, file: str, known: str) -> None:
        self._username = username
        self._file = Path(file)
        self._known = known

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """User and password, or the password alone."""
        with suppress(OSError, UnicodeDecodeError):  # what was right until now may still be
            self._known = used(self._file.read_text(encoding="utf-8")) or self._known
        return (self._username, self._known) if self._username else (self._known,)


def credentials(config: Config, at: Literal["redis", "redis_sentinel"]) -> dict[str, Any]:
    """What redis-py needs to sign in.

    Args:
        config: the settings.
        at: where: the Redis servers, or the Sentinels.
    """
    username: str | None = getattr(config, f"{at}_username")
    password = getattr(config, f"{at}_password")
    file = config.file_of(f"{at}_password")
    if file:
        return {"credential_provider": PasswordFile(username, file, password.get_secret_value())}
    return {"username": username, "password": password.get_secret_value() if password else None}
