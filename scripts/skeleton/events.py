"""What happens in the subscriber process when an event comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.runtime import Runtime


def register(app: Runtime) -> None:
    """Add what needs the parts of this process; nothing yet.

    Args:
        app: those.
    """
