"""How one gets into the servers of a cluster on this machine: a password, or users, and certificates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.guardian.acl import Users
from app.guardian.settings import Tls
from app.passwords import used
from app.store.credentials import PasswordFile


@dataclass(frozen=True, slots=True)
class Access:
    """How one gets into the servers of a cluster.

    Attributes:
        password: of the default user at Redis, for clients and replication; None for none.
        users: in place of the default user, at Redis and Sentinel; None for none.
        tls: the certificate files of servers and clients; None for plain text.
        passwords: a directory with the users' passwords, read anew by clients and guardians; None: they are told.
    """

    password: str | None = None
    users: Users | None = None
    tls: Tls | None = None
    passwords: Path | None = None

    def options(self, *, sentinel: bool = False) -> dict[str, Any]:
        """What redis-py needs for a connection of ours."""
        found: dict[str, Any] = {}
        if self.users:
            known = used(self.users.admin)
            if self.passwords:
                found["credential_provider"] = PasswordFile("admin", str(self.passwords / "admin"), known)
            else:
                found |= {"username": "admin", "password": known}
        elif not sentinel:
            found["password"] = self.password
        if self.tls:
            cert, key = self.tls.cert or None, self.tls.key or None
            found |= {"ssl": True, "ssl_ca_certs": self.tls.ca or None, "ssl_certfile": cert, "ssl_keyfile": key}
            found["ssl_check_hostname"] = not self.tls.name  # redis-py knows no name but the address
        return found

    def of_guardian(self) -> dict[str, str]:
        """A guardian's settings."""
        return self._of_redis(self.users.of_guardian(self.passwords) if self.users else None)

    def of_app(self) -> dict[str, str]:
        """The application's settings."""
        return self._of_redis(self.users.of_app(self.passwords) if self.users else None)

    def _of_redis(self, user: dict[str, str] | None) -> dict[str, str]:
        found = user or ({"REDIS_PASSWORD": self.password} if self.password else {})
        if not self.tls:
            return found
        files = {"REDIS_SSL_CA": self.tls.ca, "REDIS_SSL_CERT": self.tls.cert, "REDIS_SSL_KEY": self.tls.key}
        files["REDIS_SSL_NAME"] = self.tls.name
        return {**found, "REDIS_SSL": "true", **{name: value for name, value in files.items() if value}}


OPEN: Final = Access()
