"""Tasks that survive: taken in once per id, confirmed by a replica, run by whoever is alive."""

from app.tasks.attempt import current
from app.tasks.info import TaskInfo
from app.tasks.policy import Backoff, Limit
from app.tasks.queue import Queue
from app.tasks.registry import Registry, registry, schedule, task
from app.tasks.step import Step
from app.tasks.worker import Worker, WorkerOptions

__all__ = [
    "Backoff",
    "Limit",
    "Queue",
    "Registry",
    "Step",
    "TaskInfo",
    "Worker",
    "WorkerOptions",
    "current",
    "registry",
    "schedule",
    "task",
]
