"""A task for HAVEN_TASK_MODULES that dies at its first attempt, until what it needs is there."""

from pathlib import Path

from app.tasks.registry import registry


@registry.task(attempts=1)
def deliver(address: str, done: str) -> None:
    """Say that it was done, where there is a place to say so."""
    if not Path(done).parent.is_dir():
        raise OSError(f"the mail server of {address} is away")
    Path(done).touch()
