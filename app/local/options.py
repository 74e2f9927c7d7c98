"""Where the local stack lives: its directory and its ports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.local.errors import LocalError
from app.local.holder import holder
from app.local.ports import is_free

SIZE: Final = 3
_LAST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Options:
    """What `haven up` was asked for; the numbers are the first ports of their groups.

    Attributes:
        demo: whether Prometheus and visitors are to be there too.
    """

    data: Path
    http_port: int = 8000
    redis_port: int = 7001
    sentinel_port: int = 7101
    ops_port: int = 9101
    guardian_port: int = 9201
    demo: bool = False
    prometheus_port: int = 9090

    @property
    def redis_ports(self) -> list[int]:
        """The ports of the Redis servers."""
        return list(range(self.redis_port, self.redis_port + SIZE))

    @property
    def sentinel_ports(self) -> list[int]:
        """The ports of the Sentinels."""
        return list(range(self.sentinel_port, self.sentinel_port + SIZE))

    @property
    def guardian_ports(self) -> list[int]:
        """The ports of the guardians."""
        return list(range(self.guardian_port, self.guardian_port + SIZE))

    def uses(self) -> list[tuple[int, str, str]]:
        """Return each port with the part it is for and the option that changes it."""
        return [
            *((port, f"redis-{place}", "--redis-port") for place, port in enumerate(self.redis_ports, start=1)),
            *(
                (port, f"sentinel-{place}", "--sentinel-port")
                for place, port in enumerate(self.sentinel_ports, start=1)
            ),
            *(
                (port, f"guardian-{place}", "--guardian-port")
                for place, port in enumerate(self.guardian_ports, start=1)
            ),
            (self.http_port, "web", "--http-port"),
            (self.ops_port, "worker", "--ops-port"),
            (self.ops_port + 1, "subscriber", "--ops-port"),
            *([(self.prometheus_port, "prometheus", "--prometheus-port")] if self.demo else []),
        ]

    def check(self) -> None:
        """Check that every port can be used.

        Raises:
            LocalError: names each port that can't, what holds it, and the option to change.
        """
        problems, owners = [], dict[int, str]()
        for port, part, option in self.uses():
            if port > _LAST_PORT:
                problems.append(f"port {port} for {part} is beyond {_LAST_PORT} ({option})")
            elif port in owners:
                problems.append(f"port {port} is wanted by both {owners[port]} and {part} ({option})")
            elif not is_free(port):
                by = holder(port)
                problems.append(f"port {port} for {part} is taken{' by ' + by if by else ''} ({option})")
            owners.setdefault(port, part)
        if problems:
            changed = sorted({option for _, _, option in self.uses() if any(option in text for text in problems)})
            raise LocalError(
                "; ".join(problems), remedy=f"end what holds them, or choose others with {', '.join(changed)}"
            )
