"""Who takes part: each library at a pinned release, in an environment of its own, because their pins conflict."""

from __future__ import annotations

from dataclasses import dataclass

RIVALS = "tests.bench.tasks.rivals"
REDIS = ("redis==8.1.0", "hiredis==3.5.0")


@dataclass(frozen=True, slots=True)
class Contestant:
    """One row.

    Attributes:
        name: of the row.
        module: its adapter, see ``run.py``.
        about: which of its settings are measured.
        pins: what its environment holds; empty for ours.
        variant: for the adapter.
        share: of the number of tasks, less than 1 for those that would take minutes.
        forks: whether every task has a process of its own.
    """

    name: str
    module: str
    about: str
    pins: tuple[str, ...] = ()
    variant: str = ""
    share: float = 1.0
    forks: bool = False

    @property
    def library(self) -> str:
        """The last part of its module: rows of one library share an environment."""
        return self.module.rpartition(".")[2]


RAW = Contestant("raw", f"{RIVALS}.raw", "redis-py alone: LPUSH, pipelined LPUSH, BRPOP; nothing is acknowledged")
DURABLE = Contestant("haven", "tests.bench.tasks.ours", "durable, 8 threads", variant="durable")
QUICK = Contestant("haven-quick", "tests.bench.tasks.ours", "not durable, 8 threads", variant="quick")
RQ = ("rq==3.0.0", *REDIS)
OTHERS = (
    Contestant("rq", f"{RIVALS}.rq", "SimpleWorker", RQ, share=0.25),
    Contestant("rq-fork", f"{RIVALS}.rq", "its default worker, a process per task", RQ, "fork", 0.1, forks=True),
    Contestant("celery", f"{RIVALS}.celery", "prefork, 1 child", ("celery[redis]==5.7.0", "kombu==5.7.0", *REDIS)),
    Contestant("dramatiq", f"{RIVALS}.dramatiq", "8 threads (default)", ("dramatiq==2.2.1", *REDIS)),
    Contestant("huey", f"{RIVALS}.huey", "1 thread (default)", ("huey==3.5.4", *REDIS)),
    Contestant(
        "taskiq",
        f"{RIVALS}.taskiq",
        "stream broker, 100 coroutines (default)",
        ("taskiq==0.13.0", "taskiq-redis==1.2.4", *REDIS),
    ),
    Contestant("streaq", f"{RIVALS}.streaq", "16 coroutines (default)", ("streaq==7.2.0", "coredis==6.9.0")),
    Contestant(
        "saq",
        f"{RIVALS}.saq",
        "10 coroutines (default)",
        # it does not run with redis-py 8, and does not say that it needs typing_extensions
        ("saq==0.26.4", "redis==7.4.1", "hiredis==3.5.0", "typing_extensions==4.16.0"),
    ),
)
OURS = (DURABLE, QUICK)
EVERYONE = (*OURS, *OTHERS)


def chosen(names: list[str] | None) -> list[Contestant]:
    """Those with these names; everyone if there are none.

    Raises:
        SystemExit: a name is not known.
    """
    known = {each.name: each for each in EVERYONE}
    if unknown := sorted(set(names or ()) - set(known)):
        raise SystemExit(f"--only {' '.join(unknown)}: not known; known are {', '.join(known)}")
    return [each for each in EVERYONE if not names or each.name in names]
