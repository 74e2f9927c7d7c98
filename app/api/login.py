"""Checking who someone is, the same for the API and the pages."""

from sqlalchemy import select

from app.api.problems import ProblemError
from app.api.schemas import Credentials
from app.db.models import User
from app.db.passwords import hash_password, is_outdated, verify_password
from app.ratelimit import rate_limit
from app.runtime import runtime


# The limit is here and not at the views, so that both doors share it.
@rate_limit(5, 60, on_outage="closed")
def authenticate(credentials: Credentials) -> User:
    """The user with this address and password; at most five attempts a minute per client address.

    A hash made with older parameters is replaced by one made with today's.

    Raises:
        TooManyRequests: there were more attempts.
        StoreError: Redis is away: nobody may guess passwords uncounted.
        ProblemError: 401, the same and after the same time whether the address or the password is wrong.
    """
    db = runtime().db
    with db.session() as session:
        user = session.scalar(select(User).where(User.email == credentials.email))
    # Hashing is slow on purpose; no connection is held meanwhile.
    if not verify_password(user.password_hash if user else None, credentials.password) or user is None:
        raise ProblemError(401, "The e-mail address or the password is wrong.")
    if is_outdated(user.password_hash):
        fresh = hash_password(credentials.password)
        with db.session() as session:
            stored = session.get(User, user.id)
            if stored is not None:
                stored.password_hash = fresh
    return user
