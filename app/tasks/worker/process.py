"""What `haven worker` runs: one worker, or a crew of them."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.errors import ConfigError
from app.ops import metrics_files
from app.ops.collectors import collectors
from app.ops.server import serve_ops
from app.store import create_store, keys
from app.tasks.delivery import Deliveries
from app.tasks.envelope import Sealer
from app.tasks.worker.crew import Crew
from app.tasks.worker.recycling import Recycling
from app.tasks.worker.worker import Worker, WorkerOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.config import Config
    from app.ops.heart import Heart
    from app.runtime import Runtime

    OnStop = Callable[[Callable[[], None]], None]


DRILL: Final = "app.drill.marks"
"""The drills' own task, which every worker knows."""


def import_tasks(config: Config) -> None:
    """Import the modules whose tasks are to be known.

    Raises:
        ConfigError: one of them is not there.
    """
    for name in (DRILL, *filter(None, map(str.strip, config.haven_task_modules.split(",")))):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise  # it is there, but lacks something itself
            raise ConfigError([f"HAVEN_TASK_MODULES: no module is called {name!r}; give importable names"]) from None


def chosen_queues(text: str) -> tuple[str, ...]:
    """The queues that a worker takes from, the most urgent first.

    Raises:
        ConfigError: one of them is unknown, or none is given.
    """
    names = tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
    unknown = [name for name in names if name not in keys.PRIORITIES]
    if unknown or not names:
        known = ", ".join(keys.PRIORITIES)
        raise ConfigError([f"--queues={text!r}: give one or more of {known}, comma separated, the most urgent first"])
    return names


def run_worker(runtime: Runtime, heart: Heart, queues: Sequence[str], on_stop: OnStop) -> int:
    """One worker, until it is stopped or is to be recycled; how many tasks outlasted the grace."""
    config = runtime.config
    deliveries = Deliveries(
        runtime.store,
        lease=config.haven_task_lease,
        most_deliveries=config.haven_task_deliveries,
        ttl=config.haven_task_ttl,
        dead_ttl=config.haven_task_dead_ttl,
    )
    options = WorkerOptions(
        threads=config.haven_worker_threads,
        lease=config.haven_task_lease,
        grace=config.haven_task_grace,
        queues=queues,
        sealer=Sealer(config.task_keys),
        recycling=Recycling(config.haven_worker_max_tasks, config.haven_worker_max_memory),
    )
    worker = Worker(deliveries, heart, options)
    on_stop(worker.stop)
    return worker.run()


def needs_crew(config: Config) -> bool:
    """Whether several processes are wanted, or one that begins anew now and then."""
    return bool(config.haven_worker_processes > 1 or config.haven_worker_max_tasks or config.haven_worker_max_memory)


def run_crew(config: Config, queues: Sequence[str], on_stop: OnStop) -> None:
    """Several workers, until stopped."""
    with tempfile.TemporaryDirectory(prefix="haven-worker-") as scratch:
        directory = Path(config.haven_metrics_dir or f"{scratch}/metrics")
        metrics_files.wipe(directory)
        os.environ[metrics_files.VARIABLE] = str(directory)

        crew = Crew(
            command=[sys.executable, "-m", "app.cli", "worker", "--member", "--queues", ",".join(queues)],
            environment={**os.environ, "HAVEN_OPS_PORT": "0"},
            directory=Path(scratch),
            size=config.haven_worker_processes,
            grace=config.haven_task_grace,
            ended=lambda pid: metrics_files.merge_dead(directory, pid),
            ready_grace=config.haven_ready_grace,
        )
        on_stop(crew.stop)
        store = create_store(config, role="crew")
        if config.haven_ops_port:
            serve_ops(config.haven_ops_host, config.haven_ops_port, crew, *collectors(store))
        crew.run()
        store.close()
