"""``haven load``: visitors at a steady rate, what they waited, and whether that is good enough.

An open model: visitors come by the clock, whether or not those before them were served, and what one waits counts from
the moment they were due. A server that stalls for two seconds is seen by everyone who came in those two seconds.
"""

from app.load.run import Load, Outcome
from app.load.tally import Book

__all__ = ["Book", "Load", "Outcome"]
