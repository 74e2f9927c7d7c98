"""`haven up`: the whole stack in the foreground."""

import os
import signal
import time
from collections.abc import Sequence
from typing import Final

from redis.exceptions import RedisError

from app.local.demo import PROMETHEUS, prometheus_or_none
from app.local.errors import LocalError
from app.local.guardians import PROGRAM
from app.local.options import Options
from app.local.parts import Stage
from app.local.redis import RedisCluster
from app.local.stack import build, environment
from app.local.state import ALREADY, Claim, PartState, StackState, running
from app.local.supervisor import Supervisor
from app.local.tail import LogPump
from app.local.terminal import Terminal
from app.local.welcome import show_urls, welcome

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HEALTHY_TIMEOUT: Final = 20.0
_POLL: Final = 0.05
_SELF: Final = "haven"


def up(options: Options, terminal: Terminal, program: Sequence[str] = PROGRAM) -> int:
    """Run the stack until it is told to end.

    Args:
        options: where it lives.
        terminal: where everything is told.
        program: the command of the Python parts, to which the name of the part is added.

    Returns:
        The exit code: 0, 1 for a failed start, 3 if it runs already.
    """
    already = running(options.data)
    if already:
        terminal.line(f"The stack runs already on {options.data} (pid {already.pid}).")
        show_urls(terminal, already)
        return ALREADY
    try:
        options.check()
        claim = Claim(options.data)
    except LocalError as error:
        terminal.failed(error.message, error.remedy)
        return 1
    except OSError as error:
        terminal.failed(str(error), "name a directory that can be written with --data")
        return 1
    try:
        cluster = RedisCluster(
            options.data,
            ports=options.redis_ports,
            sentinel_ports=options.sentinel_ports,
            guardian_ports=options.guardian_ports,
        )
        prometheus = prometheus_or_none(terminal) if options.demo else None
        stages = build(options, cluster, program, prometheus)
        return Session(options, terminal, cluster, stages).run()
    except LocalError as error:
        terminal.failed(error.message, error.remedy)
        return 1
    except (RedisError, OSError) as error:
        terminal.failed(str(error), f"see the logs in {options.data}")
        return 1
    finally:
        claim.release()


class Session:
    """One run of the stack, from its start to its end."""

    def __init__(self, options: Options, terminal: Terminal, cluster: RedisCluster, stages: Sequence[Stage]) -> None:
        self._options = options
        self._terminal = terminal
        self._cluster = cluster
        self._started_at = time.time()
        self._environment = environment(options) | {"HAVEN_GUARDIAN_TOKEN": cluster.token}
        self._supervisor = Supervisor(stages, terminal, self._write)
        self._pump = LogPump(terminal)

    def run(self) -> int:
        """Start, stay, end; return 0.

        Raises:
            LocalError: the start failed; nothing is left running.
        """
        terminal, supervisor = self._terminal, self._supervisor
        terminal.expect([_SELF, *(part.name for part in supervisor.parts)])
        before = {number: signal.signal(number, lambda *_: supervisor.end()) for number in _SIGNALS}
        try:
            supervisor.start()
            self._await_health()
            if not supervisor.ending:
                welcome(terminal, self._state(), self._options.data, self._cluster.primary())
                for part in supervisor.parts:
                    self._pump.add(part.name, part.process.log, part.keep)
                self._pump.start()
                supervisor.run()
            terminal.log(_SELF, "ending")
        finally:
            self._cluster.release()
            supervisor.stop()
            self._pump.stop()
            self._cluster.stop()
            for number, old in before.items():
                signal.signal(number, old)
        terminal.log(_SELF, f"ended; the data stays in {self._options.data}")
        return 0

    def _await_health(self) -> None:
        deadline = time.monotonic() + _HEALTHY_TIMEOUT
        while not self._supervisor.ending and (missing := self._cluster.trouble()):
            if time.monotonic() > deadline:
                raise LocalError(f"Redis is not healthy after {_HEALTHY_TIMEOUT:g} s: {missing}", remedy="haven doctor")
            time.sleep(_POLL)

    def _state(self) -> StackState:
        options = self._options
        has_prometheus = any(part.name == PROMETHEUS for part in self._supervisor.parts)
        return StackState(
            pid=os.getpid(),
            started_at=self._started_at,
            http_port=options.http_port,
            redis_ports=options.redis_ports,
            sentinel_ports=options.sentinel_ports,
            ops_ports=[options.ops_port, options.ops_port + 1],
            guardian_ports=options.guardian_ports,
            prometheus_port=options.prometheus_port if has_prometheus else None,
            environment={
                name: value
                for name, value in self._environment.items()
                if name.startswith(("HAVEN_", "REDIS_", "DATABASE_"))
            },
            parts=[
                PartState(part.name, part.process.pid, part.address, part.process.started_at, part.restarts, part.once)
                for part in self._supervisor.parts
            ],
        )

    def _write(self) -> None:
        self._state().write(self._options.data)
