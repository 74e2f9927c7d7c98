"""``haven smoke``: what a user does, once, against a running installation. It leaves nothing behind.

The user and the product are its own, put into the database beside those that are there: so it works where there is
no example data, and never touches anyone's. At the end it asks the Sentinels whether a failover could happen now.
"""

from app.smoke.checks import Smoke

__all__ = ["Smoke"]
