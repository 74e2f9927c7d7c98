"""How gunicorn serves the application (``haven web``). Every value comes from the configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.config import load_config
from app.ops import metrics_files

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

_config = load_config()

bind = f"{_config.haven_http_host}:{_config.haven_http_port}"
workers = _config.haven_web_workers
threads = _config.haven_web_threads
worker_class = "gthread"
wsgi_app = "app.wsgi:application"
control_socket_disable = True  # it is on by default and fails where HOME is read-only
graceful_timeout = 4
timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 4_000  # so that the workers are not recycled together
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a heartbeat file on a disk can block
loglevel = "warning"
logger_class = "gunicorn.glogging.Logger"


def child_exit(server: Arbiter, worker: Worker) -> None:  # noqa: ARG001 - gunicorn's hook
    """Keep a dead worker's counters without keeping its files."""
    directory = os.environ.get(metrics_files.VARIABLE)
    if directory:
        metrics_files.merge_dead(Path(directory), int(worker.pid))


def post_worker_init(worker: Worker) -> None:
    """Let open event streams end when the worker is told to."""
    application: Any = worker.app.wsgi()
    application.extensions["haven.hub"].ending = lambda: not worker.alive
