"""Runs tasks: threads that fetch for themselves, a keeper of their leases, a watchdog, and a crew of processes."""

from app.tasks.worker.worker import Worker, WorkerOptions

__all__ = ["Worker", "WorkerOptions"]
