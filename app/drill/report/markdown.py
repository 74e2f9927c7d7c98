"""The report for people who read text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.drill.experiment import FIGURES
from app.drill.timeline import clock

if TYPE_CHECKING:
    from app.drill.journal import Journal


def markdown(journal: Journal) -> str:
    """A document."""
    experiment = journal.experiment
    lines = [
        f"# {experiment.name}: {journal.result}",
        "",
        f"{experiment.title}. {experiment.why}",
        "",
        f"**{journal.reason}**",
        "",
        f"- id: {journal.id}",
        f"- target: {journal.target}; {', '.join(f'{name} {value}' for name, value in journal.about.items())}",
        f"- fault: {journal.fault or 'none was made'}",
    ]
    if experiment.runbook:
        lines.append(f"- runbook: docs/runbooks/{experiment.runbook}.md")
    if journal.judged:
        lines += ["", "## Promises", "", "| figure | measured | promised | held |", "|---|---|---|---|"]
        lines += [
            f"| {meaning(each.figure)} | {each.measured} | {each.promise} | {'yes' if each.held else '**no**'} |"
            for each in journal.judged
        ]
    if journal.figures:
        lines += ["", "## All figures", "", "| figure | |", "|---|---|"]
        lines += [f"| {meaning(name)} | {shown(value)} |" for name, value in journal.figures.items()]
    lines += ["", "## Alerts", "", *_alerts(journal), "", "## Time line (UTC)", "", "```"]
    lines += [
        f"{since(journal, each.at)}  {clock(each.at)}  {each.source:<18} {each.what}  {each.detail}".rstrip()
        for each in journal.time_line
    ]
    lines += ["```"]
    if journal.residue:
        lines += ["", "## Left behind", "", *(f"- {each}" for each in journal.residue)]
    return "\n".join(lines) + "\n"


def meaning(name: str) -> str:
    """What a figure says."""
    return FIGURES.get(name, name)


def shown(value: float | None) -> str:
    """A figure."""
    return "not measured" if value is None else f"{value:g}"


def since(journal: Journal, at: float) -> str:
    """Seconds from the fault."""
    return f"{at - journal.fault_at:+8.3f}" if journal.fault_at else " " * 8


def _alerts(journal: Journal) -> list[str]:
    if not journal.alerts_asked:
        return ["Nobody was asked: give --prometheus."]
    missing = [name for name in journal.experiment.alerts if name not in {each.name for each in journal.alerts}]
    lines = [
        f"- {each.name} {'fired before the fault' if each.after is None else f'after {each.after:g} s'}"
        f"{'' if each.expected else ', not expected'}"
        for each in journal.alerts
    ]
    lines += [f"- {name} was expected and did not fire: the fault may be shorter than its `for`" for name in missing]
    return lines or ["None fired, as expected."]
