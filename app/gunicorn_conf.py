"""How gunicorn serves the application; workers, their kind and the application itself: see ``app/serving.py``."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.config import load_config
from app.ops import metrics_files

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

_config = load_config()

bind = f"{_config.haven_http_host}:{_config.haven_http_port}"
control_socket_disable = True  # it is on by default and fails where HOME is read-only
graceful_timeout = _config.haven_grace
timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 4_000  # so that the workers are not recycled together
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a heartbeat file on a disk can block
loglevel = "warning"
logger_class = "gunicorn.glogging.Logger"


# a connection is a file, and many systems allow 1024 unless asked for more
with suppress(ValueError, OSError):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def child_exit(server: Arbiter, worker: Worker) -> None:  # noqa: ARG001 - gunicorn's hook
    """Keep a dead worker's counters without keeping its files."""
    directory = os.environ.get(metrics_files.VARIABLE)
    if directory:
        metrics_files.merge_dead(Path(directory), int(worker.pid))


def post_worker_init(worker: Worker) -> None:
    """Let open event streams end when the worker is told to."""
    application: Any = worker.app.wsgi()
    application.extensions["haven.hub"].ending = lambda: not worker.alive
