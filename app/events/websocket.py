"""A WebSocket (RFC 6455) with the same place as the event stream, and messages of the client.

The protocol itself is that of the ``websockets`` package, without its own input and output: the web server has the
socket already. Two threads (greenlets in the real-time process) serve a client: one reads, one tells.

The server sends ``welcome`` (with the place it begins at), ``event``, ``gap``, and ``end`` (with the reason, and
whether to come back); what the client may say is in :mod:`app.events.dialogue`. All are JSON objects with a ``type``.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from flask import Response
from websockets.datastructures import Headers
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from werkzeug.exceptions import BadRequest

from app.events.listener import BEHIND, GONE, POLICY, SESSION, SILENT, SLOW
from app.ops import metrics

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from werkzeug import Request as HttpRequest

    from app.events.dialogue import Dialogue
    from app.events.hub import Hub
    from app.events.listener import Listener
    from app.events.log import Reading

PING: Final = 20.0
SILENCE: Final = 2.5 * PING
MAX_MESSAGE: Final = 4096
GOODBYE: Final = 2.0
_CODES: Final = {SESSION: 1008, POLICY: 1008, SLOW: 1013, BEHIND: 1013}
_GOING_AWAY: Final = 1001
_log = logging.getLogger("websockets.server")
_log.setLevel(logging.WARNING)  # it would tell of every client that comes and goes


def websocket_response(
    request: HttpRequest,
    hub: Hub,
    listener: Listener,
    after: str | None,
    dialogue: Dialogue,
) -> Response:
    """Answer a handshake, and talk until either side ends.

    Args:
        request: the handshake.
        hub: of this process.
        listener: the client; its user is known, and how to cut it off.
        after: its place; None: from now on.
        dialogue: answers what the client says.

    Raises:
        BadRequest: it is no handshake, or this server gives no socket.
        ServiceUnavailable: too many streams are open.
        StoreError: Redis did not answer.
    """
    sock = request.environ.get("gunicorn.socket")
    protocol = ServerProtocol(max_size=MAX_MESSAGE, logger=_log)
    handshake = protocol.accept(_request_again(request, protocol))
    if handshake.status_code != 101 or sock is None:  # noqa: PLR2004 - Switching Protocols
        raise BadRequest("this address speaks WebSocket only: open it with a WebSocket client, or use /api/events")
    missed = hub.join(listener, after)
    protocol.send_response(handshake)
    return _Upgraded(Conversation(hub, listener, sock, protocol, dialogue), missed, after)


def _request_again(request: HttpRequest, protocol: ServerProtocol) -> Request:
    """The handshake as the protocol wants it: it reads the request itself, and goes on with what follows."""
    head = Request(request.path, Headers(request.headers.items()))
    protocol.receive_data(head.serialize())
    return next((event for event in protocol.events_received() if isinstance(event, Request)), head)


class _Upgraded(Response):
    """What gunicorn gets in place of a response: the conversation, and then word that the connection is used up."""

    def __init__(self, conversation: Conversation, missed: Reading, after: str | None) -> None:
        super().__init__(status=101)
        self._parts = (conversation, missed, after)

    def __call__(self, *_: Any) -> Any:
        conversation, missed, after = self._parts
        conversation.run(missed, after)
        raise StopIteration  # gunicorn's word for a connection that is not its own any more


class Conversation:
    """One client's.

    Args:
        hub: of this process.
        listener: the client.
        sock: to it.
        protocol: whose first words are the answer to the handshake.
        dialogue: answers what the client says.
    """

    def __init__(
        self,
        hub: Hub,
        listener: Listener,
        sock: socket.socket,
        protocol: ServerProtocol,
        dialogue: Dialogue,
    ) -> None:
        self._hub = hub
        self._listener = listener
        self._sock = sock
        self._protocol = protocol
        self._dialogue = dialogue
        self._lock = threading.Lock()
        self._text = bytearray()

    def run(self, missed: Reading, after: str | None) -> None:
        """Talk until either side ends."""
        self._sock.settimeout(PING)
        telling = threading.Thread(target=self._tell, args=(missed, after), name="haven-websocket", daemon=True)
        telling.start()
        try:
            self._hear()
        finally:
            self._listener.end(GONE)
            telling.join(PING + GOODBYE)
            self._hub.remove(self._listener, GONE)
            self._dialogue.end()
            with suppress(OSError):
                self._sock.close()

    def _tell(self, missed: Reading, after: str | None) -> None:
        listener = self._listener
        try:
            self._send({"type": "welcome", "id": after or missed.newest, "channels": sorted(listener.channels)})
            if missed.gaps:
                self._send({"type": "gap", "channels": missed.gaps, "after": after})
            self._send_events(event.as_message for event in missed.events)
            while listener.ended is None:
                self._send_events(event.as_message for event in listener.take(PING))
            if listener.ended != GONE:
                self._bid_farewell(listener.ended)
        except OSError:  # it went, or is so slow that not even a buffer's worth goes out
            listener.end(SLOW)
            self._listener.cut()

    def _bid_farewell(self, reason: str) -> None:
        self._send({"type": "end", "reason": reason, "again": reason not in {SESSION, POLICY}})
        with self._lock:
            self._protocol.send_close(_CODES.get(reason, _GOING_AWAY), reason)
            self._flush()
        self._sock.settimeout(GOODBYE)

    def _hear(self) -> None:
        """Read until the client goes, falls silent, or breaks the rules."""
        heard = time.monotonic()
        while True:
            try:
                received = self._sock.recv(MAX_MESSAGE)
            except TimeoutError:
                if self._listener.ended is not None:
                    return
                if time.monotonic() - heard > SILENCE:
                    self._listener.end(SILENT)
                    return
                self._ping()
                continue
            except OSError:
                return
            heard = time.monotonic()
            with self._lock:
                if received:
                    self._protocol.receive_data(received)
                else:
                    self._protocol.receive_eof()
                frames = self._protocol.events_received()
                try:
                    self._flush()
                except OSError:
                    return
                over = self._protocol.close_expected() or not received
            for frame in frames:
                self._frame(frame)
            if over:
                return

    def _frame(self, frame: Any) -> None:
        if frame.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT} or self._listener.ended is not None:
            return
        self._text += frame.data
        if not frame.fin:
            return
        text, self._text = bytes(self._text), bytearray()
        try:
            self._send(self._dialogue.answer(text))
        except OSError:
            self._listener.cut()

    def _ping(self) -> None:
        with self._lock, suppress(OSError):
            self._protocol.send_ping(b"")
            self._flush()

    def _send(self, message: dict[str, Any]) -> None:
        self._send_texts([json.dumps(message, separators=(",", ":"))])

    def _send_events(self, texts: Iterable[str]) -> None:
        metrics.EVENTS_DELIVERED.labels("websocket").inc(self._send_texts(texts))

    def _send_texts(self, texts: Iterable[str]) -> int:
        count = 0
        with self._lock:
            if self._protocol.state is not State.OPEN:  # the client said goodbye
                raise BrokenPipeError("the WebSocket is closed")
            for text in texts:
                self._protocol.send_text(text.encode())
                count += 1
            self._flush()
        return count

    def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data:
            self._sock.sendall(data)
