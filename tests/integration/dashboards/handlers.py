"""Tasks that don't go well, for the panels that show such."""

from __future__ import annotations

from app.tasks import Backoff, current, task


@task(backoff=Backoff(base=0.2, cap=0.2))
def mended() -> None:
    """Fail at first."""
    if current().number == 1:
        raise OSError("not yet")


@task(attempts=1)
def hopeless() -> None:
    """Fail for good."""
    raise OSError("never")
