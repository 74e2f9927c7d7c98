"""kubectl and helm, for tests."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def run(*command: str, text: str | None = None, timeout: float = 300.0, check: bool = True) -> str:
    """Run a command; what it printed.

    Raises:
        AssertionError: it failed, with what it said.
    """
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout, check=False)
    if check:
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def kubectl(*arguments: str, **options: Any) -> str:
    """Run kubectl."""
    return run("kubectl", *arguments, **options)


def get(*arguments: str) -> Any:
    """What ``kubectl get … -o json`` shows."""
    return json.loads(kubectl("get", *arguments, "-o", "json"))


def apply(namespace: str, *objects: dict[str, Any]) -> None:
    """Make objects, or make them so."""
    made = {"apiVersion": "v1", "kind": "List", "items": objects}
    kubectl("--namespace", namespace, "apply", "-f", "-", text=json.dumps(made))


def until(condition: Callable[[], object], timeout: float = 120.0, what: str = "") -> None:
    """Wait for something that must come true."""
    end = time.monotonic() + timeout
    last: object = None
    while time.monotonic() < end:
        try:
            last = condition()
            if last:
                return
        except (AssertionError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
            last = error
        time.sleep(0.5)
    raise AssertionError(f"{what or 'it'} did not come true within {timeout:g} s: {last}")
