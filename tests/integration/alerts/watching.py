"""A Prometheus with the chart's own alerts, made quick enough for a test, and what fires there."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

from app.local import LocalError
from app.local.prometheus import Prometheus, find_prometheus, rule_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from app.local.prometheus import Scraped

Alert = dict[str, Any]
CALM = 2.0
GRACE = 5.0


def quicker(directory: Path) -> list[Path]:
    """The chart's rules, each `for` cut to a second; expressions and texts are as they are shipped.

    With one exception: what a disk holds counts as old after five seconds instead of five minutes. All other thresholds
    and windows are reached for real, or hold what there is: the budget's three days the minute of the test. The true
    times are tests/alerts' matter.
    """
    directory.mkdir()
    made = []
    for path in rule_files():
        text = re.sub(r"^( +for:) .+$", r"\1 1s", path.read_text(), flags=re.MULTILINE)
        text = text.replace("(haven_guardian_restore_age_seconds) > 300", "(haven_guardian_restore_age_seconds) > 5")
        made.append(directory / path.name)
        made[-1].write_text(text)
    return made


class Watch:
    """Prometheus beside what is broken.

    Args:
        directory: for its rules and data.
        sources: what it scrapes.
        interval: seconds between two scrapes.
    """

    def __init__(self, directory: Path, sources: Iterable[Scraped], interval: float) -> None:
        try:
            find_prometheus()
        except LocalError as error:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{error}; {error.remedy}")
        directory.mkdir()
        rules = quicker(directory / "rules")
        self.prometheus = Prometheus(directory / "prometheus", sources, interval=interval, rules=rules)

    def __enter__(self) -> Self:
        self.prometheus.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.prometheus.stop(GRACE)

    def firing(self) -> list[Alert]:
        return [alert for alert in self.prometheus.alerts() if alert["state"] == "firing"]

    def names(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.firing()}

    def wait(self, name: str, within: float, **labels: str) -> Alert:
        """The alert, once it fires."""
        end = time.monotonic() + within
        while True:
            for alert in self.firing():
                if alert["labels"].items() >= {"alertname": name, **labels}.items():
                    return alert
            seen = self.prometheus.alerts()
            assert time.monotonic() < end, f"{name} {labels} did not fire within {within:g} s: {seen}"
            time.sleep(0.2)

    def wait_calm(self, within: float, *but: str) -> None:
        """Wait until nothing has fired for a while.

        Args:
            within: seconds.
            but: alerts that look back for longer than the test lasts.
        """
        end = time.monotonic() + within
        calm_since = time.monotonic()
        while time.monotonic() - calm_since < CALM:
            if self.names() - set(but):
                assert time.monotonic() < end, self.firing()
                calm_since = time.monotonic()
            time.sleep(0.2)
