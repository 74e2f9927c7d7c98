"""What the demonstration adds to the stack: a Prometheus and visitors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from app.local.errors import LocalError
from app.local.options import Options
from app.local.parts import Part, Stage
from app.local.ports import LOOPBACK
from app.local.process import Process
from app.local.prometheus import Prometheus, find_prometheus, rule_files, scraped
from app.local.terminal import Terminal

PROMETHEUS: Final = "prometheus"
"""The name of its part."""
_RATE: Final = 5
_EVERY: Final = 10


def prometheus_or_none(terminal: Terminal) -> Path | None:
    """Return this machine's Prometheus, or say how to get one; the demonstration goes on without."""
    try:
        return find_prometheus()
    except LocalError as error:
        terminal.line(f"Without Prometheus: {error.message}. To have it: {error.remedy}.")
        return None


def demo_stages(
    options: Options, program: Sequence[str], env: Mapping[str, str], prometheus: Path | None
) -> list[Stage]:
    """Return the parts that the demonstration adds, to be started last.

    Args:
        options: where the stack lives.
        program: the command of the Python parts.
        env: their environment.
        prometheus: the program; None leaves it out.
    """
    # The visitors have a stage to themselves: started last, they end first, while there is somebody to say goodbye to.
    visitors = Stage([_visitors(options, program, env)])
    return [Stage([_prometheus(options, prometheus)]), visitors] if prometheus else [visitors]


def _prometheus(options: Options, binary: Path) -> Part:
    targets = scraped(options.http_port, [options.ops_port, options.ops_port + 1], options.guardian_ports)
    process = Prometheus(
        options.data / "prometheus", targets, port=options.prometheus_port, rules=rule_files(), binary=binary
    )
    return Part(
        name=PROMETHEUS,
        process=process,
        ready=process.ready,
        address=f"{LOOPBACK}:{process.port}",
        remedy=f"see {process.log}",
    )


def _visitors(options: Options, program: Sequence[str], env: Mapping[str, str]) -> Part:
    url = f"http://{LOOPBACK}:{options.http_port}"
    words = ["load", "--name", "demo", "--url", url, "--rate", str(_RATE), "--every", str(_EVERY)]
    process = Process([*program, *words, "--data", options.data], options.data / "load", env=env, cwd=Path.cwd())
    return Part(name="load", process=process, role=lambda: f"{_RATE} visitors a second", grace=4.0)
