"""A secret that is being changed has a line for each value: the first is used, every one is accepted.

So a change needs no moment in which all who know it change at once: the new value is first accepted everywhere (a line
below), then used (the line on top), and the former one goes when nobody uses it any more. See ``docs/rotation.md``.
"""

from __future__ import annotations


def accepted(text: str) -> tuple[str, ...]:
    """Every value of a secret's file, that which is used first; empty for an empty file."""
    return tuple(line for line in text.splitlines() if line)


def used(text: str) -> str:
    """The value that is used; empty for an empty file."""
    return next(iter(accepted(text)), "")
