"""What `haven seed` puts into an empty database, beside the users."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.db.models import User


def fill(session: "Session", users: "Sequence[User]") -> None:
    """Add nothing yet.

    Args:
        session: where to; the caller commits.
        users: those of the example data.
    """
