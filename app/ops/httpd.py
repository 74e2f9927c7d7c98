"""A small HTTP server for probes and metrics, a thread per request."""

from __future__ import annotations

from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class _Quiet(WSGIRequestHandler):
    timeout = 5.0

    def log_message(self, *_: object) -> None:
        """Probes every few seconds are no news."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread per request: a scrape that waits for Redis must not hold up a probe."""

    daemon_threads = True


def listen(host: str, port: int, application: WSGIApplication) -> WSGIServer:
    """Bind a server for this application; ``serve_forever`` begins to answer.

    Raises:
        OSError: the port can't be had.
    """
    return make_server(host, port, application, server_class=_Server, handler_class=_Quiet)
