"""The application as gunicorn loads it: in each worker process, never before the fork."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import create_app
from app.config import load_config
from app.ops.logs import configure_logs

if TYPE_CHECKING:
    from flask import Flask

    from app.serving import Role


def make(role: Role) -> Flask:
    """The application of a process with this role."""
    config = load_config()
    configure_logs(config.haven_log_level, config.haven_log_format)
    return create_app(config, role)
