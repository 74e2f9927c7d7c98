"""What is known about single Redis commands: which may be repeated, and how long which may block.

Subcommands are written as in ACL rules: ``config|get``. A command that is not listed is never repeated after it may
have been applied.
"""

from __future__ import annotations

from typing import Any

_READS = """
bitcount bitpos command config|get dbsize dump echo exists expiretime geodist geohash geopos geosearch get getbit
getrange hexists hget hgetall hkeys hlen hmget hrandfield hscan hstrlen hvals info keys lastsave lcs lindex llen lpos
lrange memory|usage mget object|encoding pexpiretime pfcount ping pttl pubsub|channels pubsub|numsub randomkey role
scan scard script|exists sdiff sinter sintercard sismember slowlog|get smembers smismember srandmember sscan strlen
substr sunion time ttl type wait xinfo|consumers xinfo|groups xinfo|stream xlen xpending xrange xread xrevrange zcard
zcount zdiff zinter zintercard zlexcount zmscore zrandmember zrange zrangebylex zrangebyscore zrank zrevrange
zrevrangebyscore zrevrank zscan zscore zunion
"""
# Writes that leave the same data when applied twice. The second reply may differ (DEL answers 0), the effect doesn't.
_IDEMPOTENT_WRITES = """
del expire expireat getex hdel hmset hset hsetex lset ltrim mset persist pexpire pexpireat pfadd psetex sadd
script|load setbit setex setrange srem touch unlink xack xdel xtrim zrem zremrangebylex zremrangebyrank
zremrangebyscore
"""
REPEATABLE = frozenset(name.replace("|", " ").upper() for name in (_READS + _IDEMPOTENT_WRITES).split())
WRITES = frozenset(_IDEMPOTENT_WRITES.upper().split()) - {"SCRIPT|LOAD", "TOUCH"} | {"SET", "EVAL", "EVALSHA"}
"""Those that CLIENT PAUSE WRITE holds back, which is how a handover begins; not all of them, the frequent ones."""

_BLOCKS_LAST = frozenset({"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX"})
_BLOCKS_FIRST = frozenset({"BLMPOP", "BZMPOP"})
_BLOCKS_STREAM = frozenset({"XREAD", "XREADGROUP"})
BLOCKING = _BLOCKS_LAST | _BLOCKS_FIRST | _BLOCKS_STREAM


def is_repeatable(args: tuple[Any, ...]) -> bool:
    """Whether sending the command a second time does no harm (invariant 3)."""
    name = args[0]
    if name in REPEATABLE:
        return True
    if name == "SET":  # with a condition, or asked for the old value, the second reply would be wrong
        return not any(arg in {"NX", "XX", "GET"} for arg in args[3:])
    if name == "ZADD":
        return not any(arg in {"NX", "XX", "GT", "LT", "INCR", "CH"} for arg in args[2:7])
    return False


def block_seconds(args: tuple[Any, ...]) -> float | None:
    """How long the command may block: seconds, infinity for ever, None when it does not block."""
    name = args[0]
    if name not in BLOCKING:
        return None
    if name in _BLOCKS_STREAM:
        upper = [arg.upper() if isinstance(arg, str) else arg for arg in args]
        for word in ("BLOCK", b"BLOCK"):
            if word in upper:
                return _for_ever_if_zero(float(upper[upper.index(word) + 1]) / 1000)
        return None
    return _for_ever_if_zero(float(args[1] if name in _BLOCKS_FIRST else args[-1]))


def _for_ever_if_zero(seconds: float) -> float:
    return seconds or float("inf")
