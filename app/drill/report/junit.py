"""The verdict as JUnit, for a CI that shows test results: a case for each promise."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from app.drill.records import DEVIATED, HELD, REFUSED

if TYPE_CHECKING:
    from app.drill.journal import Journal, Judged


def junit(journal: Journal) -> str:
    """An XML document."""
    cases = [(each.figure, "" if each.held else _said(each)) for each in journal.judged]
    other = "" if journal.result in {HELD, DEVIATED, REFUSED} else journal.reason
    suite = Element(
        "testsuite",
        name=f"drill {journal.experiment.name}",
        tests=str(len(cases) + 1),
        failures=str(sum(bool(problem) for _, problem in cases)),
        errors=str(int(bool(other))),
        skipped=str(int(journal.result == REFUSED)),
        time=f"{journal.ended_at - journal.started_at:.1f}",
    )
    whole = SubElement(suite, "testcase", classname=journal.experiment.name, name=journal.result)
    if other:
        SubElement(whole, "error", message=journal.reason)
    if journal.result == REFUSED:
        SubElement(whole, "skipped", message=journal.reason)
    for name, problem in cases:
        case = SubElement(suite, "testcase", classname=journal.experiment.name, name=name)
        if problem:
            SubElement(case, "failure", message=problem)
    indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suite, encoding="unicode") + "\n"


def _said(judged: Judged) -> str:
    """Both ends of what was promised, for programs that compare."""
    promised = f"{judged.least:g} to {judged.most:g}" if judged.most is not None else judged.promise
    return f"{judged.measured}, promised {promised}"
