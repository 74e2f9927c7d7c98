"""``haven smoke``: what a user does, once, against a running installation. It leaves nothing behind.

The user is its own, put into the database beside those that are there: so it works where there is no example data,
and never touches anyone's. What is tried of the application, it says itself (``app.example.smoke``). At the end the
Sentinels are asked whether a failover could happen now.
"""

from app.smoke.checks import Smoke

__all__ = ["Smoke"]
