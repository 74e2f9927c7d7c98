"""What `haven smoke` tries of the application, a function each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.smoke.subject import Subject

CHECKS: Final[tuple[Callable[[Subject], str], ...]] = ()
