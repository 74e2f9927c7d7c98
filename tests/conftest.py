"""What holds for every test."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest
import structlog

from app.local import ports

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
ports.share = (int(_WORKER), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@pytest.fixture(autouse=True)
def _logs_restored() -> Iterator[None]:
    """A command that runs within a test sets this process's logs: the next test must not see less for it."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
