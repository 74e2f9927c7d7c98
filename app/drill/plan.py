"""What a drill would do, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.drill.experiment import FIGURES

if TYPE_CHECKING:
    from app.drill.experiment import Experiment


def describe(experiment: Experiment) -> list[str]:
    """The plan, line by line."""
    fault, probes, guards = experiment.fault, experiment.probes, experiment.guards
    stays = f", for {fault.seconds:g} s" if fault.seconds else ""
    many = {
        "requests": probes.requests,
        "durable writes": probes.writes,
        "tasks": probes.tasks,
        "events": probes.events,
    }
    clients = ", ".join(f"{rate:g} {what}" for what, rate in many.items())
    undone = f"{guards.error_rate:.0%} errors in {guards.window:g} s, or after {guards.seconds:g} s"
    return [
        f"{experiment.name}: {experiment.title}",
        f"  {experiment.why}",
        "",
        "  preflight     one primary, a quorum, replicas in step, no alert, no other drill",
        f"  steady state  {experiment.steady:g} s in which nothing may fail",
        f"  clients       {clients} a second",
        f"  fault         {fault.kind} {fault.where}{stays}",
        f"  guards        undone at {undone}",
        f"  recovery      all in order within {experiment.recover:g} s",
        "  promised",
        *(f"    {name:<24} {promise!s:<14} {FIGURES[name]}" for name, promise in experiment.expect.items()),
        *([f"  runbook       docs/runbooks/{experiment.runbook}.md"] if experiment.runbook else []),
    ]
