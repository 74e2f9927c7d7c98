"""What a client may say on a WebSocket, and the answers.

``subscribe`` and ``unsubscribe`` with ``channels`` (from now on), ``ack`` with the ``id`` up to which it is done,
``ping``. The answers are ``subscribed``, ``acknowledged``, ``pong``, ``error``.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from werkzeug.exceptions import HTTPException

from app.errors import StoreError
from app.events import access
from app.events.listener import POLICY
from app.events.log import is_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from app.events.hub import Hub
    from app.events.listener import Listener

PER_SECOND: Final = 20
KEEP_EVERY: Final = 1.0
_KNOWN: Final = 'subscribe and unsubscribe with "channels", ack with "id", ping'
_AWAY: Final = {"type": "error", "detail": "A service behind this one is away. Repeat shortly."}


class Dialogue:
    """One client's.

    Args:
        hub: of this process.
        listener: the client.
        acknowledge: keeps the id that the client is done with.
    """

    def __init__(self, hub: Hub, listener: Listener, acknowledge: Callable[[str], None]) -> None:
        self._hub = hub
        self._listener = listener
        self._acknowledge = acknowledge
        self._second = (0, 0)
        self._unkept: str | None = None
        self._kept_at = float("-inf")

    def answer(self, text: bytes) -> dict[str, Any]:
        """The reply to a message; one that is none is told so, and nothing else happens."""
        self._count()
        try:
            return self._answer(json.loads(text)) or _not_understood(text)
        except (ValueError, RecursionError):
            return _not_understood(text)
        except HTTPException as error:
            return {"type": "error", "detail": error.description}
        except StoreError:
            return _AWAY

    def end(self) -> None:
        """Keep what was acknowledged last."""
        with suppress(StoreError):
            self._keep()

    def _count(self) -> None:
        """End a client that says more than anyone needs to."""
        second = int(time.monotonic())
        self._second = (second, self._second[1] + 1 if self._second[0] == second else 1)
        if self._second[1] > PER_SECOND:
            self._listener.end(POLICY)

    def _answer(self, message: Any) -> dict[str, Any] | None:
        match message:
            case {"type": "ping"}:
                return {"type": "pong"}
            case {"type": "ack", "id": str(event_id)} if is_id(event_id):
                self._unkept = event_id
                if time.monotonic() - self._kept_at >= KEEP_EVERY:  # the next one says more
                    self._keep()
                return {"type": "acknowledged", "id": event_id}
            case {"type": "subscribe", "channels": [*names]} if all(isinstance(name, str) for name in names):
                return self._hear(self._listener.channels | set(names))
            case {"type": "unsubscribe", "channels": [*names]} if all(isinstance(name, str) for name in names):
                return self._hear(self._listener.channels - set(names))
        return None

    def _keep(self) -> None:
        if self._unkept is not None:
            self._acknowledge(self._unkept)
            self._unkept = None
            self._kept_at = time.monotonic()

    def _hear(self, channels: AbstractSet[str]) -> dict[str, Any]:
        user_id = self._listener.user_id
        wanted = access.checked(user_id, sorted(channels)) if channels and user_id is not None else []
        self._hub.hear(self._listener, wanted)
        return {"type": "subscribed", "channels": wanted}


def _not_understood(text: bytes) -> dict[str, Any]:
    return {"type": "error", "detail": f"not understood: {text[:80].decode(errors='replace')!r}; known are {_KNOWN}"}
