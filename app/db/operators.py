"""Who may see the operations page."""

from typing import Final

import structlog
from sqlalchemy import select

from app.db.database import Database
from app.db.models import User
from app.errors import UnknownUser

log: Final = structlog.get_logger(__name__)


def set_operator(db: Database, email: str, *, operator: bool) -> bool:
    """Make a user an operator, or none.

    Args:
        db: where the users are.
        email: whose.
        operator: which.

    Returns:
        Whether that is a change.

    Raises:
        UnknownUser: nobody has this address.
    """
    with db.session() as session:
        user = session.scalar(select(User).where(User.email == email.strip().lower()))
        if user is None:
            raise UnknownUser(f"no user has the address {email!r}: it is the one with which they sign in")
        changed = user.operator != operator
        user.operator = operator
        user_id = user.id
    if changed:
        log.info("operator.granted" if operator else "operator.revoked", user_id=user_id)
    return changed
