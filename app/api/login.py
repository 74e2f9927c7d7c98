"""Checking who someone is, the same for the API and the pages."""

from flask import session
from sqlalchemy import select

from app.api.problems import ProblemError
from app.api.schemas import Credentials
from app.db.models import User
from app.db.passwords import hash_password, is_outdated, verify_password
from app.ratelimit import Limit, rate_limit, who
from app.runtime import runtime
from app.sessions import USER


def account(credentials: Credentials) -> bytes:
    """Whose account it is (the schema has put it into lower case); as bytes, so that Redis holds a digest."""
    return credentials.email.encode()


def account_from_address(credentials: Credentials) -> bytes:
    """The account together with the client's address."""
    return who.address().encode() + b" " + account(credentials)


# Many accounts tried from one address, one account from one address for long, one account from many addresses: each has
# a limit. The last is high, as whoever uses it up locks the owner out as well.
limit_logins = rate_limit(
    Limit.per_minute(5, exact=True, name="address"),
    Limit.per_hour(30, exact=True, by=account_from_address, name="account-from-address"),
    Limit.per_hour(100, by=account, name="account"),
    scope="login",
    guards=True,
)


# The limit is here and not at the views, so that both doors share it.
@limit_logins
def authenticate(credentials: Credentials) -> User:
    """The user with this address and password; see ``limit_logins`` for how often that may be tried.

    A hash made with older parameters is replaced by one made with today's.

    Raises:
        LimitExceeded: there were more attempts.
        StoreError: Redis is away: nobody may guess passwords uncounted.
        ProblemError: 401, the same and after the same time whether the address or the password is wrong.
    """
    db = runtime().db
    with db.session() as rows:
        user = rows.scalar(select(User).where(User.email == credentials.email))
    # Hashing is slow on purpose; no connection is held meanwhile.
    if not verify_password(user.password_hash if user else None, credentials.password) or user is None:
        raise ProblemError(401, "The e-mail address or the password is wrong.")
    if is_outdated(user.password_hash):
        fresh = hash_password(credentials.password)
        with db.session() as rows:
            stored = rows.get(User, user.id)
            if stored is not None:
                stored.password_hash = fresh
    return user


def enter(user: User) -> None:
    """Log the browser in: under a new id, as one that somebody planted before is to be worth nothing after it."""
    session.clear()
    session[USER] = user.id
