"""What the Sentinels tell of: who may hear it, and who listens."""

from __future__ import annotations

from typing import Final

SWITCH: Final = "+switch-master"
TIDINGS: Final = (
    *("+sdown", "-sdown", "+odown", "-odown"),
    *("+try-failover", "+elected-leader", "+selected-slave", "+promoted-slave", SWITCH, "+failover-end"),
    *("-failover-abort-not-elected", "-failover-abort-no-good-slave", "-failover-abort-slave-timeout"),
    *("+convert-to-slave", "+slave", "+reboot", "+tilt", "-tilt"),
)
"""What tells the story of a failover, by channel (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/)."""
