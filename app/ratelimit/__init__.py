"""Rate limits: declared at a view with ``@rate_limit``, decided for all processes by one script in Redis."""

from app.ratelimit import who
from app.ratelimit.decision import Decision, State
from app.ratelimit.limit import Limit
from app.ratelimit.limiter import Limiter
from app.ratelimit.view import LimitExceeded, RateLimit, rate_limit

__all__ = ["Decision", "Limit", "LimitExceeded", "Limiter", "RateLimit", "State", "rate_limit", "who"]
