"""Events: published once, kept in logs, delivered to handlers and to clients without gaps."""

from app.events.dialogue import Dialogue
from app.events.hub import Hub
from app.events.listener import Listener
from app.events.presence import Presence
from app.events.publisher import Publisher
from app.events.sse import sse_response
from app.events.subscriber import Subscriber, on
from app.events.websocket import websocket_response

__all__ = [
    "Dialogue",
    "Hub",
    "Listener",
    "Presence",
    "Publisher",
    "Subscriber",
    "on",
    "sse_response",
    "websocket_response",
]
