"""What docs/events.md takes for granted."""

from app.events import on
from app.events.access import allows
from app.events.log import Event
from app.runtime import runtime
