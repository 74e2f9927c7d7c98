"""One Redis on this machine, without replicas."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.local.access import Access
from app.local.binaries import find_redis
from app.local.errors import LocalError
from app.local.nodes import RedisNode
from app.local.ports import LOOPBACK, free_ports

_GRACE: Final = 2.0


class RedisServer:
    """One Redis without replicas, for tests and for trying things out.

    Args:
        directory: its data, log and pid; made if it is missing.
        port: where it listens on loopback; None picks a free one.
        password: for clients; None for none.
    """

    def __init__(self, directory: Path, *, port: int | None = None, password: str | None = None) -> None:
        self.host = LOOPBACK
        self.port = port or free_ports(1)[0]
        access = Access(password)
        self.node = RedisNode("redis", find_redis().path, self.port, directory.resolve(), access, replica=False)

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            LocalError: it does not.
        """
        self.node.start()
        try:
            self.node.wait_ready()
        except LocalError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it; its data stays."""
        self.node.stop(_GRACE)
        self.node.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
