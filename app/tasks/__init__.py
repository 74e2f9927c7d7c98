"""Tasks that survive: taken in once per id, confirmed by a replica, run by whoever is alive."""

from app.tasks import handlers as handlers
from app.tasks.queue import Queue, TaskInfo
from app.tasks.registry import Registry, registry, task
from app.tasks.worker import Worker

__all__ = ["Queue", "Registry", "TaskInfo", "Worker", "registry", "task"]
