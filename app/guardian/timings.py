"""Sentinel's timings: which values break failovers, and why. Each was met on a real Sentinel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.guardian.settings import Timings

LEAST_PING: Final = 250
LEAST_INFO: Final = 400
LEAST_DOWN_AFTER: Final = 300


def refusals(timings: Timings) -> Iterator[str]:
    """What is wrong with these values, a line each: the setting, the value, the reason, the remedy."""
    down, ping, info = timings.down_after, timings.ping_period, timings.info_period
    if down < LEAST_DOWN_AFTER:
        yield (
            f"HAVEN_SENTINEL_DOWN_AFTER_MS={down}: below {LEAST_DOWN_AFTER} any pause looks like death, and failovers "
            "follow each other; use 600, or 300 to 5000"
        )
    if ping < LEAST_PING:
        yield (
            f"HAVEN_SENTINEL_PING_PERIOD_MS={ping}: a candidate must have answered within 5 ping periods, so below "
            f"{LEAST_PING} no replica is good enough and a failover takes 23 s and more; use 300"
        )
    if 2 * ping > down:
        yield (
            f"HAVEN_SENTINEL_PING_PERIOD_MS={ping}: above half of HAVEN_SENTINEL_DOWN_AFTER_MS={down} a new primary "
            "looks down right after every switch, and failovers follow each other; use half of it or less"
        )
    if timings.failover_timeout < 2 * down:
        yield (
            f"HAVEN_SENTINEL_FAILOVER_TIMEOUT_MS={timings.failover_timeout}: below two HAVEN_SENTINEL_DOWN_AFTER_MS="
            f"{down} an attempt is given up before its promotion can be confirmed; use 5000"
        )
    if info >= down:
        yield (
            f"HAVEN_SENTINEL_INFO_PERIOD_MS={info}: not below HAVEN_SENTINEL_DOWN_AFTER_MS={down}, so Sentinel chooses "
            "by replication offsets from before the death, and may pass over who has the last write; use 500"
        )
    if info < LEAST_INFO:
        yield (
            f"HAVEN_SENTINEL_INFO_PERIOD_MS={info}: a candidate's INFO must be younger than 3 of these and comes once "
            f"a second while its link is down, so below {LEAST_INFO} no replica is good enough; use 500"
        )
