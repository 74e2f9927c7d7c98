"""The application as a WSGI server loads it: in each worker process, never before the fork."""

from __future__ import annotations

from app import create_app
from app.config import load_config
from app.ops.logs import configure_logs

_config = load_config()
configure_logs(_config.haven_log_level, _config.haven_log_format)
application = create_app(_config)
