"""The report as one file that needs no other: a picture of the time line above the latencies, then the tables."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.drill.records import HELD
from app.drill.report.markdown import meaning, shown, since
from app.drill.report.picture import picture
from app.drill.timeline import clock

if TYPE_CHECKING:
    from app.drill.journal import Journal

_STYLE: Final = Path(__file__).with_name("report.css")


def html(journal: Journal) -> str:
    """A document. It holds no script and asks nobody for anything."""
    experiment = journal.experiment
    colour = "good" if journal.result == HELD else "bad"
    about = ", ".join(f"{name} {value}" for name, value in journal.about.items())
    parts = [
        f"<h1>{escape(experiment.title)}: <span class={colour}>{escape(journal.result)}</span></h1>",
        f"<p>{escape(experiment.why)}</p><p><strong>{escape(journal.reason)}</strong></p>",
        f"<p class=soft>{escape(f'{journal.id} on {journal.target}: {about}')}<br>{escape(journal.fault)}</p>",
        f"<div class=scroll>{picture(journal)}</div>" if journal.slots else "",
        "<h2>Promises</h2>" + _promises(journal) if journal.judged else "",
        "<h2>All figures</h2>" + _figures(journal) if journal.figures else "",
        "<h2>Time line (UTC)</h2>" + _time_line(journal),
        "<h2>Left behind</h2><ul>" + "".join(f"<li>{escape(each)}" for each in journal.residue) + "</ul>"
        if journal.residue
        else "",
    ]
    head = '<meta charset=utf-8><meta name=viewport content="width=device-width,initial-scale=1">'
    head += f"<title>{escape(experiment.name)}: {escape(journal.result)}</title>"
    return (
        f"<!doctype html><html lang=en>{head}<style>{_STYLE.read_text('utf-8')}</style>"
        + "\n".join(filter(None, parts))
        + "\n"
    )


def _promises(journal: Journal) -> str:
    rows = "".join(
        f"<tr><td>{escape(meaning(each.figure))}<td class=n>{each.measured}<td class=n>{each.promise}"
        f"<td class={'good' if each.held else 'bad'}>{'held' if each.held else 'not held'}"
        for each in journal.judged
    )
    return f"<table><tr><th>figure<th>measured<th>promised<th>{rows}</table>"


def _figures(journal: Journal) -> str:
    rows = "".join(
        f"<tr><td>{escape(meaning(name))}<td class=n>{shown(value)}" for name, value in journal.figures.items()
    )
    return f"<table>{rows}</table>"


def _time_line(journal: Journal) -> str:
    rows = "".join(
        f"<tr><td class=n>{since(journal, each.at)}<td class=n>{clock(each.at)}<td>{escape(each.source)}"
        f"<td>{escape(each.what)}<td class=soft>{escape(each.detail)}"
        for each in journal.time_line
    )
    return f"<div class=scroll><table><tr><th>s<th>time<th>who<th>what<th>{rows}</table></div>"
