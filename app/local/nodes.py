"""One Redis, one Sentinel: a process with its configuration and a client for its administration."""

import time
from pathlib import Path
from typing import Any, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.guardian.facts import Freshness
from app.guardian.peers import pairs, parse_freshness
from app.local.access import OPEN, Access
from app.local.conf import MASTER_NAME, render_redis
from app.local.errors import LocalError
from app.local.ports import LOOPBACK
from app.local.process import Process
from app.store import keys

START_TIMEOUT: Final = 30.0
_POLL: Final = 0.02
_ASK_AGAIN: Final = 0.2
_CLIENT_TIMEOUT: Final = 0.3


def connect(
    port: int, access: Access = OPEN, db: int = 0, timeout: float = _CLIENT_TIMEOUT, *, sentinel: bool = False
) -> "Redis":
    """Return a client for one known server that gives up at the first error or after `timeout` seconds."""
    return Redis(
        host=LOOPBACK,
        port=port,
        db=db,
        protocol=2,
        decode_responses=True,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=None,
        **access.options(sentinel=sentinel),
    )


def command(client: "Redis", *words: str | int) -> Any:
    """Send one command and return the reply as it is."""
    return client.execute_command(*words)  # type: ignore[no-untyped-call]


class Node(Process):
    """What Redis and Sentinel have in common."""

    def __init__(
        self, name: str, client: "Redis", port: int, command: list[str | Path], directory: Path, **options: Any
    ) -> None:
        super().__init__(command, directory, **options)
        self.name = name
        self.port = port
        self.client = client

    def ready(self) -> bool:
        """Say whether it serves; a Redis that is still loading does not."""
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Wait until it answers.

        Raises:
            LocalError: it ended, or did not answer within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self.ready():
            if not self.alive:
                raise LocalError(f"{self.name} ended at its start with status {self.status}", remedy=f"see {self.log}")
            if time.monotonic() > deadline:
                raise LocalError(f"{self.name} did not answer within {timeout:g} s", remedy=f"see {self.log}")
            time.sleep(_POLL)

    def close(self) -> None:
        """Close our connections to it."""
        self.client.close()

    def restart(self) -> None:
        """Start it again (end it first if it runs) and wait until it answers."""
        self.kill()
        self.start()
        self.wait_ready()


class RedisNode(Node):
    """A Redis in a directory of its own.

    It reads its configuration from standard input: a file that it knew, it would rewrite when Sentinel gives it a role,
    and it would come back from a crash believing in that role.

    Args:
        name: as shown to people, such as `redis-1`.
        binary: the redis-server to run.
        port: where it listens, on loopback.
        directory: its data, log and pid.
        access: how one gets into it.
        replica: boot as a replica of nowhere and refuse writes without a replica (a member of a cluster).
        more: further lines of its configuration.
    """

    def __init__(
        self,
        name: str,
        binary: Path,
        port: int,
        directory: Path,
        access: Access = OPEN,
        *,
        replica: bool = True,
        more: tuple[str, ...] = (),
    ) -> None:
        self._conf = directory / "redis.conf"
        super().__init__(name, connect(port, access), port, [binary, "-"], directory, stdin=self._conf)
        self._text = render_redis(
            port, directory, access.password, replica=replica, users=access.users, tls=access.tls, more=more
        )
        self._beats = connect(port, access, keys.GUARDIAN_DB)

    def start(self) -> None:
        """Write its configuration and start it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._conf.touch(mode=0o600)
        self._conf.write_text(self._text)
        super().start()

    def stop(self, grace: float) -> None:
        """Ask it to end, and end it the hard way after `grace` seconds.

        Redis refuses to end while it writes its first append-only file, as after a full copy, and forgets that it was
        asked: so it is asked again.
        """
        deadline = time.monotonic() + grace
        while self.alive and (left := deadline - time.monotonic()) > 0:
            self.terminate()
            self.wait(min(left, _ASK_AGAIN))
        super().stop(max(0.0, deadline - time.monotonic()))

    def replication(self) -> dict[str, Any]:
        """Return the fields of INFO replication."""
        fields: dict[str, Any] = self.client.info("replication")
        return fields

    def heartbeat(self) -> Freshness:
        """Return the last heartbeat in its data."""
        return parse_freshness(self._beats.get(keys.GUARDIAN_HEARTBEAT))

    def close(self) -> None:
        """Close our connections to it."""
        super().close()
        self._beats.close()

    @property
    def is_primary(self) -> bool:
        """Whether it says now that it is a primary."""
        try:
            return bool(command(self.client, "ROLE")[0] == "master")
        except RedisError:
            return False


class SentinelNode(Node):
    """A Sentinel in a directory of its own; its sentinel.conf is its memory and is kept."""

    def __init__(self, ordinal: int, binary: Path, port: int, directory: Path, access: Access = OPEN) -> None:
        self.conf = directory / "sentinel.conf"
        self.ordinal = ordinal
        client = connect(port, access, sentinel=True)
        super().__init__(f"sentinel-{ordinal}", client, port, [binary, self.conf, "--sentinel"], directory)

    def view(self) -> dict[str, str]:
        """Return what it holds about the primary: the fields of SENTINEL MASTER, as text."""
        flat = command(self.client, "SENTINEL", "MASTER", MASTER_NAME)
        fields = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
        return {str(key): str(value) for key, value in fields}

    def promotable(self) -> int:
        """Return how many replicas it may promote, as far as it knows: it reads their priorities twice a second."""
        replicas = command(self.client, "SENTINEL", "REPLICAS", MASTER_NAME)
        return sum(pairs(fields)["slave-priority"] != "0" for fields in replicas)
