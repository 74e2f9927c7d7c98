"""Which request, at the very beginning, something is done for: the W3C trace context, passed on and never looked into.

Source: https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import os
import re
from contextvars import ContextVar

_FORM = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_current: ContextVar[str] = ContextVar("haven_traceparent", default="")


def current() -> str:
    """The traceparent of what is done here, or empty."""
    return _current.get()


def enter(traceparent: str) -> str:
    """Go on with a trace, or begin one if what was given is none; returns the traceparent that holds from now on."""
    if not _FORM.fullmatch(traceparent):
        traceparent = f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"
    _current.set(traceparent)
    return traceparent


def leave() -> None:
    """Belong to no trace any more."""
    _current.set("")
