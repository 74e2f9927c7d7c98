"""Wrong usage of a command whose other exit codes are taken: 64, as sysexits.h has it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE: Final = 64
"""EX_USAGE."""


class WrongUsage(click.UsageError):
    """A wrong command line, or a file named there that can't be used."""

    exit_code = USAGE


@contextmanager
def strict() -> Iterator[None]:
    """Let click's own complaints end with 64 instead of 2.

    Raises:
        WrongUsage: in place of a UsageError.
    """
    try:
        yield
    except click.UsageError as error:
        raise WrongUsage(error.format_message(), error.ctx) from None
