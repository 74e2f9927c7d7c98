"""What came of a drill, by what was measured and what was promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.drill.journal import Judged
from app.drill.records import DEVIATED, HELD, INCONCLUSIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.drill.experiment import Experiment


def judge(experiment: Experiment, figures: Mapping[str, float | None]) -> list[Judged]:
    """Hold each promised figure against its promise; one that was not measured has not held."""
    found = []
    for name, promise in experiment.expect.items():
        value = figures.get(name)
        held = value is not None and promise.holds(value)
        found.append(Judged(figure=name, value=value, least=promise.least, most=promise.most, held=held))
    return found


def conclude(
    experiment: Experiment,
    judged: list[Judged],
    *,
    fired: bool,
    recovered: bool,
    moved: bool | None,
) -> tuple[str, str]:
    """The result and its reason.

    Args:
        experiment: what was promised.
        judged: the figures.
        fired: whether the fault took effect.
        recovered: whether all was in order in time.
        moved: whether another node is primary than before; None when that is unknown.
    """
    if not fired:
        return INCONCLUSIVE, "the fault did not take effect: nothing was shown"
    if experiment.moves and moved is False and recovered:
        return INCONCLUSIVE, "the primary stayed the same: the failover that was to be shown did not happen"
    missing = [each.figure for each in judged if each.value is None]
    if missing:
        return INCONCLUSIVE, f"not measured: {', '.join(missing)}"
    problems = [f"{each.figure} was {each.measured}, promised is {each.promise}" for each in judged if not each.held]
    if not recovered:
        problems.insert(0, f"not everything was in order {experiment.recover:g} s after the end of the fault")
    if experiment.moves is False and moved:
        problems.append("another node is primary, though nothing had happened to the old one")
    if problems:
        return DEVIATED, "; ".join(problems)
    return HELD, "everything was as promised"
