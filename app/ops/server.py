"""Probes and metrics of processes that serve nothing else: worker and subscriber."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST

from app.errors import ConfigError
from app.ops import metrics_files
from app.ops.httpd import listen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.simple_server import WSGIServer
    from wsgiref.types import StartResponse, WSGIEnvironment

    from prometheus_client.registry import Collector

    from app.ops.heart import Vital


def serve_ops(host: str, port: int, heart: Vital, *collectors: Collector) -> WSGIServer:
    """Answer /livez, /readyz and /metrics from threads of their own.

    Args:
        host: address to listen on.
        port: port to listen on.
        heart: what the probes say.
        collectors: what else is measured at a scrape.

    Raises:
        ConfigError: the port can't be had.
    """

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [metrics_files.render(*collectors)]
        states = {"/livez": heart.alive, "/readyz": heart.ready}
        if path not in states:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"try /livez, /readyz or /metrics\n"]
        start("200 OK" if states[path] else "503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"ok\n" if states[path] else b"stale\n"]

    try:
        server = listen(host, port, answer)
    except OSError as error:
        raise ConfigError(
            [f"HAVEN_OPS_PORT={port} can't be listened on at {host} ({error}): choose a free one"]
        ) from None
    threading.Thread(target=server.serve_forever, name="haven-ops", daemon=True).start()
    return server
