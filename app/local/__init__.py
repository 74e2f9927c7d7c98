"""The stack on one machine: Redis with Sentinel as real processes on loopback, and `haven up`."""

from app.local.errors import LocalError
from app.local.redis import RedisCluster
from app.local.server import RedisServer

__all__ = ["LocalError", "RedisCluster", "RedisServer"]
