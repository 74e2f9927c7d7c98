"""Events: published once, kept in logs, delivered to handlers and to browsers without gaps."""

from app.events.publisher import Publisher
from app.events.stream import Hub, sse_response
from app.events.subscriber import Subscriber, on

__all__ = ["Hub", "Publisher", "Subscriber", "on", "sse_response"]
