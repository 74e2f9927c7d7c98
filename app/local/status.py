"""`haven status`: what runs and how it is."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from app.errors import ConfigError
from app.local.facts import Facts
from app.local.probe import gather
from app.local.state import PartState, StackState
from app.local.target import find_target
from app.local.terminal import Terminal
from app.local.words import span

HEALTHY, DEGRADED, UNREACHABLE = range(3)
_LAG_BYTES: Final = 1 << 20
_WORDS: Final = {HEALTHY: "healthy", DEGRADED: "degraded", UNREACHABLE: "nothing reachable"}


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and what is wrong in it.

    Attributes:
        facts: None if the configuration could not be read.
        stack: the stack on this machine, if it was looked at.
        problems: why it is not healthy, a line each.
    """

    facts: Facts | None
    stack: StackState | None
    problems: list[str]

    @property
    def code(self) -> int:
        """The exit code: 0 healthy, 1 degraded, 2 nothing reachable."""
        if not self.facts or not self.facts.reachable:
            return UNREACHABLE
        return DEGRADED if self.problems else HEALTHY


def report(data: Path) -> Report:
    """Look at the stack on `data`, or at what the environment configures when none runs there."""
    try:
        target = find_target(data)
    except ConfigError as error:
        return Report(None, None, list(error.problems))
    facts = gather(target)
    dead = [part.name for part in target.stack.parts if not part.once and not part.alive] if target.stack else []
    return Report(facts, target.stack, [*problems(facts), *(f"{name} does not run" for name in dead)])


def problems(facts: Facts) -> list[str]:
    """Return what is wrong with Redis and the Sentinels, a line each; none if they are healthy."""
    found = [f"{address} does not answer: {error}" for address, error in facts.errors.items() if error]
    if len(facts.primaries) != 1:
        found.append(
            f"{len(facts.primaries)} primaries: {', '.join(node.address for node in facts.primaries) or 'none'}"
        )
    for node in facts.redis:
        if node.role == "replica" and not node.linked:
            found.append(f"replica {node.address} has no link to its primary")
        elif (node.lag_bytes or 0) > _LAG_BYTES:
            found.append(f"replica {node.address} is {node.lag_bytes} bytes behind")
    named = {each.primary for each in facts.sentinels if not each.error}
    if len(named) > 1:
        found.append(f"the Sentinels name different primaries: {', '.join(sorted(named))}")
    elif named and facts.primaries and facts.primaries[0].address not in named:
        found.append(f"the Sentinels name {named.pop()}, but {facts.primaries[0].address} is primary")
    doubting = [each for each in facts.sentinels if "down" in each.flags]
    found.extend(f"Sentinel {each.address} holds the primary for down ({each.flags})" for each in doubting)
    return found


def show(found: Report, terminal: Terminal, *, as_json: bool) -> int:
    """Write the report; return the exit code."""
    if as_json:
        terminal.line(json.dumps(as_dict(found), indent=2))
        return found.code
    if found.facts:
        _show_facts(found.facts, terminal)
    if found.stack:
        _show_parts(found.stack, terminal)
    terminal.line(terminal.heading(_WORDS[found.code]))
    for problem in found.problems:
        terminal.failed(problem)
    return found.code


def as_dict(found: Report) -> dict[str, Any]:
    """Return the report as plain data."""
    return {
        "status": _WORDS[found.code],
        "problems": found.problems,
        **(asdict(found.facts) if found.facts else {}),
        "stack": asdict(found.stack) | {"urls": found.stack.urls} if found.stack else None,
    }


def _show_facts(facts: Facts, terminal: Terminal) -> None:
    rows = [
        (
            node.address,
            node.error or node.role,
            "" if node.role != "replica" else "linked" if node.linked else "no link",
            "" if node.lag_bytes is None else f"{node.lag_bytes} B, {node.lag_seconds} s",
        )
        for node in facts.redis
    ]
    _table(terminal, ("REDIS", "ROLE", "LINK", "LAG"), rows)
    if facts.sentinels:
        _table(
            terminal,
            ("SENTINEL", "NAMES", "KNOWS", "QUORUM"),
            [
                (each.address, each.error or each.primary, f"{each.peers} others", f"{each.quorum} of {each.peers + 1}")
                for each in facts.sentinels
            ],
        )
    if facts.queues:
        _table(
            terminal,
            ("QUEUE", "DEPTH", "OLDEST"),
            [(each.name, str(each.depth), "" if each.age is None else span(each.age)) for each in facts.queues],
        )


def _show_parts(stack: StackState, terminal: Terminal) -> None:
    _table(
        terminal,
        ("PART", "PID", "UP", "RESTARTS", "ADDRESS"),
        [
            (part.name, str(part.pid or "-"), _age(part), str(part.restarts), part.address)
            for part in stack.parts
            if not part.once
        ],
    )


def _age(part: PartState) -> str:
    if part.alive:
        return span(time.time() - part.started_at)
    return "dead" if part.pid else "not started yet"


def _table(terminal: Terminal, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    for place, row in enumerate([heads, *rows]):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        terminal.line(terminal.heading(text) if place == 0 else text)
    terminal.line()
