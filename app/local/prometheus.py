"""A Prometheus on this machine that scrapes a stack, and what it says."""

import http.client
import json
import os
import shutil
import time
import urllib.parse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from app.local.errors import LocalError
from app.local.ports import LOOPBACK, free_ports
from app.local.process import Process

VARIABLE: Final = "HAVEN_PROMETHEUS"
INTERVAL: Final = 2.0
_CHECKOUT: Final = Path(__file__).parents[2]
FETCHED: Final = _CHECKOUT / ".cache" / "servers" / "prometheus"
"""Where `make servers` puts it."""
RULES: Final = _CHECKOUT / "charts" / "haven" / "files" / "alerts"
"""The alerts that the chart ships."""
_START_TIMEOUT: Final = 30.0
_ASK_TIMEOUT: Final = 5.0
_POLL: Final = 0.05
_GRACE: Final = 5.0
_OK: Final = 200
_BOUNDS: Final = ("--storage.tsdb.retention.time=1d", "--storage.tsdb.retention.size=256MB")


@dataclass(frozen=True, slots=True)
class Scraped:
    """One process with metrics, under the names that the chart's PodMonitor gives it."""

    port: int
    pod: str
    component: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an answer: its labels, and its values with their times, the last one last."""

    labels: dict[str, str]
    values: list[tuple[float, float]]

    @property
    def value(self) -> float:
        """Its last value."""
        return self.values[-1][1]


def find_prometheus() -> Path:
    """Return the Prometheus of this machine: that of HAVEN_PROMETHEUS, the one on PATH, or what `make servers` fetched.

    Raises:
        LocalError: there is none; says how to get one.
    """
    named = os.environ.get(VARIABLE)
    found = shutil.which(named or "prometheus") or (None if named else shutil.which(FETCHED))
    if found:
        return Path(found).absolute()
    if named:
        raise LocalError(f"{VARIABLE}={named!r} is no program", remedy="name the file that is to run")
    raise LocalError(
        "no prometheus on PATH",
        remedy=f"make servers (on Debian and its kin), or install it, or name it with {VARIABLE}",
    )


def scraped(http_port: int, ops_ports: Sequence[int], guardian_ports: Sequence[int]) -> list[Scraped]:
    """Return what is to be scraped of a stack with these ports."""
    return [
        Scraped(http_port, "web", "web"),
        *(Scraped(port, name, name) for port, name in zip(ops_ports, ("worker", "subscriber"), strict=False)),
        *(Scraped(port, f"redis-{place}", "redis") for place, port in enumerate(guardian_ports, start=1)),
    ]


def rule_files(directory: Path = RULES) -> list[Path]:
    """Return the files with alerts in a directory; none if there is no such directory."""
    return sorted(directory.glob("*.yaml"))


class Prometheus(Process):
    """One Prometheus in a directory of its own, on loopback; it keeps a day and 256 MB at most.

    Args:
        directory: its configuration, data, log and pid.
        targets: what it scrapes.
        port: where it listens; None picks a free one.
        interval: seconds from one scrape and one evaluation of the rules to the next.
        rules: files with alerts.
        binary: the program; None finds one.

    Raises:
        LocalError: there is none.
    """

    def __init__(
        self,
        directory: Path,
        targets: Iterable[Scraped],
        *,
        port: int | None = None,
        interval: float = INTERVAL,
        rules: Iterable[Path] = (),
        binary: Path | None = None,
    ) -> None:
        self.port = port or free_ports(1)[0]
        root = directory.resolve()
        self._conf = root / "prometheus.yml"
        self._text = _configuration(targets, interval, rules)
        command: list[str | Path] = [
            binary or find_prometheus(),
            f"--config.file={self._conf}",
            f"--storage.tsdb.path={root / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
            "--log.level=warn",
            *_BOUNDS,
        ]
        super().__init__(command, root)

    @property
    def url(self) -> str:
        """Where it serves its API."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Write its configuration and start it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._conf.write_text(self._text)
        super().start()

    def ready(self) -> bool:
        """Say whether it answers queries."""
        try:
            return self._get("/-/ready")[0] == _OK
        except LocalError:
            return False

    def wait_ready(self, timeout: float = _START_TIMEOUT) -> None:
        """Wait until it answers.

        Raises:
            LocalError: it ended, or did not answer within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self.ready():
            if not self.alive:
                raise LocalError(f"prometheus ended at its start with status {self.status}", remedy=f"see {self.log}")
            if time.monotonic() > deadline:
                raise LocalError(f"prometheus did not answer within {timeout:g} s", remedy=f"see {self.log}")
            time.sleep(_POLL)

    def query(self, expression: str) -> list[Sample]:
        """Return the present value of every series of an expression.

        Raises:
            LocalError: it does not answer, or refuses the expression; says why.
        """
        result = self._ask("query", query=expression)
        if result["resultType"] == "scalar":
            return [_sample({"value": result["result"]})]
        return [_sample(series) for series in result["result"]]

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Sample]:
        """Return the values of every series of an expression between two times.

        Raises:
            LocalError: it does not answer, or refuses the expression; says why.
        """
        result = self._ask("query_range", query=expression, start=start, end=end, step=step)
        return [_sample(series) for series in result["result"]]

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are pending or firing: labels, annotations, state, activeAt, value.

        Raises:
            LocalError: it does not answer.
        """
        alerts: list[dict[str, Any]] = self._ask("alerts")["alerts"]
        return alerts

    def _ask(self, what: str, **parameters: str | float) -> dict[str, Any]:
        code, text = self._get(f"/api/v1/{what}?{urllib.parse.urlencode(parameters)}")
        body: dict[str, Any] = json.loads(text) if text.startswith("{") else {"error": text}
        if code != _OK or body.get("status") != "success":
            raise LocalError(f"prometheus refused {what} {dict(parameters)}: {body.get('error', code)}")
        data: dict[str, Any] = body["data"]
        return data

    def _get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=_ASK_TIMEOUT)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise LocalError(f"prometheus on port {self.port} does not answer: {error}") from error
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except LocalError:
            self.stop(0)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(_GRACE)


def _configuration(targets: Iterable[Scraped], interval: float, rules: Iterable[Path]) -> str:
    """The text of prometheus.yml, as JSON, which YAML contains."""
    step = f"{round(interval * 1000)}ms"
    groups = [
        {
            "targets": [f"{LOOPBACK}:{target.port}"],
            "labels": {"component": target.component, "namespace": "local", "pod": target.pod, "release": "haven"},
        }
        for target in targets
    ]
    return json.dumps(
        {
            "global": {"scrape_interval": step, "scrape_timeout": step, "evaluation_interval": step},
            "rule_files": [str(path.resolve()) for path in rules],
            # one job, as the PodMonitor has: its jobLabel is the name of the application
            "scrape_configs": [{"job_name": "haven", "static_configs": groups}],
        },
        indent=2,
    )


def _sample(series: dict[str, Any]) -> Sample:
    pairs = series.get("values") or [series["value"]]
    return Sample(series.get("metric", {}), [(float(at), float(value)) for at, value in pairs])
