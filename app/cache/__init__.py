"""A cache with tags: one load however many ask, and invalidation by one command however many values."""

from app.cache.cache import Cache
from app.cache.decorator import cache_result, call_digest
from app.cache.loading import MISS
from app.cache.local import Local
from app.cache.policy import Policy

__all__ = ["MISS", "Cache", "Local", "Policy", "cache_result", "call_digest"]
