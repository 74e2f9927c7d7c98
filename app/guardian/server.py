"""The guardian's HTTP port: probes, metrics, status, and the handover for those who have the token."""

from __future__ import annotations

import asyncio
import concurrent.futures
import hmac
import json
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from prometheus_client import CONTENT_TYPE_LATEST, ProcessCollector, generate_latest

from app.guardian.facts import PRIMARY
from app.guardian.outcome import DONE, REFUSED
from app.ops import metrics
from app.ops.httpd import listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.simple_server import WSGIServer
    from wsgiref.types import StartResponse, WSGIEnvironment

    from app.guardian.agent import Agent
    from app.guardian.settings import Settings

STUCK: Final = 30.0
"""Seconds without a turn after which the guardian counts as stuck. A turn is bounded by its timeouts, a few seconds."""
DRAIN: Final = 15.0
"""Seconds that ``/drained`` waits at most; the chart's grace period of a Redis pod counts with it."""
_AGAIN: Final = 0.05
_HANDOVER: Final = 30.0
_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"
_STATUS: Final = {DONE: HTTPStatus.OK, REFUSED: HTTPStatus.CONFLICT}

Answer = tuple[HTTPStatus, str, bytes]


class Routes:
    """What each path answers.

    Args:
        settings: the guardian's.
        agent: the loop.
        loop: where the agent runs.
    """

    def __init__(self, settings: Settings, agent: Agent, loop: asyncio.AbstractEventLoop) -> None:
        self._token = settings.token
        self._agent = agent
        self._loop = loop

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        status, kind, body = self._answer(environ)
        start(f"{status.value} {status.phrase}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path == "/handover":
            return self._hand_over(environ) if method == "POST" else _json(HTTPStatus.METHOD_NOT_ALLOWED, error="POST")
        if method not in {"GET", "HEAD"}:
            return _json(HTTPStatus.METHOD_NOT_ALLOWED, error="GET")
        return self._show(path)

    def _show(self, path: str) -> Answer:
        board = self._agent.board
        probes: dict[str, Callable[[], tuple[bool, str]]] = {
            "/livez": lambda: (time.monotonic() - board.turned < STUCK, "stuck"),
            "/startz": lambda: (board.seeded, "the Sentinel's file is not written yet"),
            "/readyz": lambda: (board.ready, board.status["reason"]),
            "/drained": lambda: (self._drained(), "it is still primary"),
        }
        if path in probes:
            return _text(*probes[path]())
        match path:
            case "/status":
                return _json(HTTPStatus.OK, **board.status)
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(metrics.GUARDIAN)
        known = ", ".join([*probes, "/status", "/metrics"])
        return HTTPStatus.NOT_FOUND, _TEXT, f"try {known}, or POST /handover\n".encode()

    def _drained(self) -> bool:
        """Wait until this node is no primary: a hook that keeps its Redis from ending during the handover."""
        end = time.monotonic() + DRAIN
        while self._agent.board.status["state"] == PRIMARY and time.monotonic() < end:
            time.sleep(_AGAIN)
        return bool(self._agent.board.status["state"] != PRIMARY)

    def _hand_over(self, environ: WSGIEnvironment) -> Answer:
        right = self._token.accepted  # read now: it may have been changed since the start
        if not right:
            return _json(HTTPStatus.FORBIDDEN, error="HAVEN_GUARDIAN_TOKEN is not set: no handover over HTTP")
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        if not any(hmac.compare_digest(given.encode(), each.encode()) for each in right):
            return _json(
                HTTPStatus.UNAUTHORIZED, error="wrong token: send Authorization: Bearer <HAVEN_GUARDIAN_TOKEN>"
            )
        to = parse_qs(environ.get("QUERY_STRING", "")).get("to", [None])[0]
        future = asyncio.run_coroutine_threadsafe(self._agent.hand_over(to), self._loop)
        try:
            outcome = future.result(_HANDOVER)
        except concurrent.futures.TimeoutError:
            return _json(HTTPStatus.GATEWAY_TIMEOUT, result="timed out", reason=f"no end within {_HANDOVER:g} s")
        return _json(_STATUS.get(outcome.result, HTTPStatus.GATEWAY_TIMEOUT), **outcome.as_dict())


def serve(settings: Settings, agent: Agent, loop: asyncio.AbstractEventLoop) -> WSGIServer:
    """Listen, in threads of its own.

    Raises:
        OSError: the port can't be had.
    """
    host, port = settings.http
    ProcessCollector(registry=metrics.GUARDIAN)
    server = listen(host, port, Routes(settings, agent, loop))
    threading.Thread(target=server.serve_forever, name="haven-http", daemon=True).start()
    return server


def _text(good: bool, otherwise: str) -> Answer:  # noqa: FBT001 - a probe's answer
    if good:
        return HTTPStatus.OK, _TEXT, b"ok\n"
    return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{otherwise}\n".encode()


def _json(status: HTTPStatus, **body: Any) -> Answer:
    return status, _JSON, json.dumps(body).encode() + b"\n"
