"""Do tasks get done: what waits, for how long, how attempts end, and what nobody will do any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.dashboards import defaults as on
from scripts.dashboards.queries import INSTALLATION, of, once, or_none, quantile, rate, rise

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import stat, timeseries
    from grafana_foundation_sdk.models.dashboard import Dashboard

DEPTH = "haven_task_queue_depth_tasks"
RUNNING = "haven_task_running_tasks"
AGE = "haven_task_queue_age_seconds"
QUEUED = 'priority!~"delayed|held|dead"'
OUTCOMES = "haven_task_outcomes_total"
BAD = 'outcome=~"retry|dead|expired|lost"'


def dashboard() -> Dashboard:
    """Queues, attempts and dead letters."""
    return on.dashboard(
        "haven-tasks",
        "Haven / Tasks",
        "Queue depth and age, outcomes, durations, waits, redeliveries, schedule lag and dead letters.",
        {
            "Now": [waiting(), oldest(), at_work(), held_back(), dead(), taken_over()],
            "Queues": [depth(), age(), running(), enqueued(), delayed(), wait()],
            "Attempts": [outcomes(), trouble(), durations(), slow_handlers(), redeliveries(), dead_letters()],
            "Schedule": [lateness(), ticks()],
        },
    )


def queued(by: str = "", *, where: str) -> str:
    """Tasks of some priorities."""
    return once(DEPTH, "priority", by, where)


def waiting() -> stat.Panel:
    """What has to be done."""
    return on.number("Waiting", "Tasks in the queues.", "none", (queued(where=QUEUED), "waiting"))


def oldest() -> stat.Panel:
    """Whether workers keep up."""
    return on.number(
        "Oldest waiting task",
        "How long the oldest task in a queue has waited. It grows where workers are too few, or stand still.",
        "s",
        (f"max({of(AGE)})", "oldest"),
        (60, on.YELLOW),
        (300, on.RED),
    )


def at_work() -> stat.Panel:
    """What is being done."""
    return on.number("Running", "Tasks that a worker holds.", "none", (once(RUNNING, "priority"), "running"))


def held_back() -> stat.Panel:
    """What waits for its time or its turn."""
    return on.number(
        "Delayed and held",
        "Tasks that wait for their time, and those that a limit holds back.",
        "none",
        (queued(where='priority=~"delayed|held"'), "later"),
    )


def dead() -> stat.Panel:
    """What nobody will do any more."""
    return on.number(
        "Dead letters",
        "Tasks that were given up. `haven tasks dead` shows why, and replays them.",
        "none",
        (queued(where='priority="dead"'), "dead"),
        (1, on.ORANGE),
    )


def taken_over() -> stat.Panel:
    """Whether workers die."""
    return on.number(
        "Taken over in the time shown",
        "Tasks whose worker fell silent, and that another one took over.",
        "none",
        (f"sum(increase({of('haven_task_redeliveries_total')}[$__range]))", "taken over"),
        (1, on.ORANGE),
    ).decimals(0)


def depth() -> timeseries.Panel:
    """What waits, when."""
    panel = on.graph(
        "Waiting tasks", "Tasks in the queues, by priority.", "none", (queued("priority", where=QUEUED), "{{priority}}")
    )
    return on.stacked(panel)


def age() -> timeseries.Panel:
    """How long it has waited."""
    return on.graph(
        "Age of the oldest waiting task",
        "By priority. Low waits while high is full, so the age of low alone is no fault.",
        "s",
        (f"max by (priority) ({of(AGE)})", "{{priority}}"),
    )


def running() -> timeseries.Panel:
    """What is being done, when."""
    return on.graph(
        "Running tasks",
        "Tasks that a worker holds, by priority.",
        "none",
        (once(RUNNING, "priority", "priority"), "{{priority}}"),
    )


def enqueued() -> timeseries.Panel:
    """What comes in."""
    return on.graph(
        "Tasks taken in", "Tasks a second, by task.", "ops", (rate("haven_task_enqueued_total", "task"), "{{task}}")
    )


def delayed() -> timeseries.Panel:
    """What waits for its time or its turn, when."""
    return on.graph(
        "Delayed and held tasks",
        "Delayed wait for their time, a retry also; held wait until a limit lets them run.",
        "none",
        (queued("priority", where='priority=~"delayed|held"'), "{{priority}}"),
    )


def wait() -> timeseries.Panel:
    """How long tasks wait."""
    return on.graph(
        "Wait until the first start, 99th percentile",
        "From the moment a task may run, by priority.",
        "s",
        (quantile(0.99, "haven_task_wait_seconds", "priority"), "{{priority}}"),
    )


def outcomes() -> timeseries.Panel:
    """How attempts end."""
    made = on.graph(
        "Ends of attempts",
        "Attempts a second, by how they ended. `lost`: another worker had taken the task over.",
        "ops",
        (rate(OUTCOMES, "outcome"), "{{outcome}}"),
    )
    colours = {"done": on.GREEN, "retry": on.YELLOW, "dead": on.RED, "lost": on.ORANGE}
    return on.coloured(on.stacked(made), colours)


def trouble() -> timeseries.Panel:
    """Which tasks fail."""
    return on.graph(
        "Attempts that failed, by task",
        "Attempts a second that did not do what they should, by task and how they ended.",
        "ops",
        (or_none(rate(OUTCOMES, "task, outcome", BAD), "task"), "{{task}} {{outcome}}"),
    )


def durations() -> timeseries.Panel:
    """How long handlers run."""
    return on.graph(
        "Duration of handlers",
        "What half, nine in ten and 99 in 100 of the attempts stay below.",
        "s",
        *((quantile(part, "haven_task_duration_seconds"), f"{part:.0%}") for part in (0.5, 0.9, 0.99)),
    )


def slow_handlers() -> timeseries.Panel:
    """Which take long."""
    return on.graph(
        "Duration by task, 99th percentile",
        "The ten slowest tasks.",
        "s",
        (f"topk(10, {quantile(0.99, 'haven_task_duration_seconds', 'task')})", "{{task}}"),
    )


def redeliveries() -> timeseries.Panel:
    """When workers died."""
    return on.graph(
        "Tasks taken over",
        "Tasks whose worker fell silent and that another one took over. A rollout should make none: it hands "
        "them back.",
        "none",
        (rise("haven_task_redeliveries_total"), "taken over"),
    )


def dead_letters() -> timeseries.Panel:
    """When tasks were given up."""
    given_up = of(DEPTH, 'priority="dead"')
    return on.graph(
        "Dead letters over time",
        "Tasks that were given up and neither replayed nor dropped, by installation.",
        "none",
        (f"max by ({INSTALLATION}) ({given_up})", "{{namespace}} {{release}}"),
    )


def lateness() -> timeseries.Panel:
    """Whether the clock is kept."""
    return on.graph(
        "Schedule lag",
        "How late delayed, retried and scheduled tasks came into their queue: half, and 99 in 100.",
        "s",
        *((quantile(part, "haven_task_schedule_lag_seconds"), f"{part:.0%}") for part in (0.5, 0.99)),
    ).span(12)


def ticks() -> timeseries.Panel:
    """Whether schedules run."""
    return on.graph(
        "Ticks of schedules",
        "Tasks that schedules made between two points, by schedule.",
        "none",
        (or_none(rise("haven_task_schedule_ticks_total", "schedule"), "schedule"), "{{schedule}}"),
    ).span(12)
