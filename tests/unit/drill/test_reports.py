from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from app.drill.journal import Journal, schema
from app.drill.records import EXIT_CODES
from app.drill.report.html import html
from app.drill.report.junit import junit
from app.drill.report.markdown import markdown
from app.drill.report.shelf import load, save
from app.errors import DrillError
from tests.unit.drill.scripted import experiment

SCHEMA = Path(__file__).parents[3] / "docs" / "drill-journal.schema.json"


def journal(result: str = "deviated", **more: object) -> Journal:
    return Journal.model_validate(
        {
            "id": "20261126T100000-it-dies-ab12",
            "experiment": experiment(runbook="HavenNoPrimary", alerts=["HavenNoPrimary"]).model_dump(),
            "target": "local",
            "about": {"haven": "1"},
            "result": result,
            "reason": "lost_writes was 3 <b>",
            "started_at": 1000.0,
            "ended_at": 1020.5,
            "fault_at": 1005.0,
            "mended_at": 1010.0,
            "fault": "kill -9 <script>alert(1)</script>",
            "figures": {"lost_writes": 3, "write_gap_seconds": 0.44},
            "judged": [
                {"figure": "lost_writes", "value": 3, "most": 0, "held": False},
                {"figure": "failed_writes", "value": 2, "least": 1, "held": True},
                {"figure": "lost_tasks", "value": None, "most": 0, "held": False},
            ],
            "time_line": [
                {"at": 1005.0, "source": "drill", "what": "fault", "detail": "kill"},
                {"at": 1005.4, "source": "redis redis-2", "what": "is primary", "detail": ""},
            ],
            "slots": {"writes": [[1000.0 + place / 4, 10, place == 21, place / 100] for place in range(60)]},
            "alerts": [{"name": "HavenLag", "after": 3.0, "expected": False}],
            "alerts_asked": True,
            **more,
        }
    )


class Reader(HTMLParser):
    """What the browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "img", "iframe"} or any(
            name in {"src", "href"} or name.startswith("on") for name, _ in attrs
        ):
            self.foreign.append(tag)


def test_the_html_needs_no_other_file_and_runs_nothing() -> None:
    text = html(journal())
    reader = Reader()
    reader.feed(text)
    assert reader.foreign == []
    assert "url(" not in text
    assert "&lt;script&gt;" in text
    assert "deviated" in text
    assert "not measured" in text


def test_the_picture_shows_the_failed_moment_and_the_marks() -> None:
    text = html(journal())
    picture = text[text.index("<svg") : text.index("</svg>")]
    assert picture.count("var(--bad") == 1
    assert picture.count("var(--hue") == 59
    assert re.findall(r"text-anchor='(?:start|end)'>([^<]+)<", picture) == ["fault", "new primary"]


def test_a_report_of_a_drill_that_was_refused_has_no_picture() -> None:
    text = html(journal("refused", slots={}, judged=[], figures={}, time_line=[], fault_at=None, mended_at=None))
    assert "<svg" not in text


def test_the_markdown_tells_promises_alerts_and_the_time_line() -> None:
    text = markdown(journal())
    assert "# it-dies: deviated" in text
    assert "| durable writes that were acknowledged and are not there | 3 | at most 0 | **no** |" in text
    assert "| durable writes that ended with an error | 2 | at least 1 | yes |" in text
    assert "- HavenLag after 3 s, not expected" in text
    assert "- HavenNoPrimary was expected and did not fire" in text
    assert "  +0.400  00:16:45.400  redis redis-2" in text
    assert "docs/runbooks/HavenNoPrimary.md" in text


def test_the_markdown_says_when_nobody_was_asked_for_alerts() -> None:
    assert "Nobody was asked" in markdown(journal(alerts_asked=False))


def test_junit_has_a_case_for_each_promise() -> None:
    suite = ET.fromstring(junit(journal()))  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "0")
    failures = {case.get("name"): case[0].get("message") for case in suite if len(case)}
    assert failures == {"lost_writes": "3, promised 0 to 0", "lost_tasks": "not measured, promised 0 to 0"}


@pytest.mark.parametrize(("result", "what"), [("aborted", "error"), ("inconclusive", "error"), ("refused", "skipped")])
def test_junit_tells_an_early_end_from_a_broken_promise(result: str, what: str) -> None:
    suite = ET.fromstring(junit(journal(result, judged=[])))  # noqa: S314 - our own
    assert suite[0][0].tag == what


def test_the_schema_in_the_docs_is_that_of_a_journal() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == schema()


def test_a_journal_comes_back_as_it_was(tmp_path: Path) -> None:
    place = save(tmp_path, journal())
    assert sorted(path.name for path in place.iterdir()) == ["journal.json", "junit.xml", "report.html", "report.md"]
    assert load(tmp_path, None) == journal()
    assert load(tmp_path, journal().id) == journal()


def test_a_promise_without_an_upper_end_comes_back_too(tmp_path: Path) -> None:
    made = journal(experiment=experiment(expect={"failed_writes": {"least": 1}}).model_dump())
    save(tmp_path, made)
    assert load(tmp_path, None) == made


def test_a_report_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(DrillError, match="run one with `haven drill run`"):
        load(tmp_path, None)
    save(tmp_path, journal())
    with pytest.raises(DrillError, match=r"no drill nope in .*; there are 20261126T100000-it-dies-ab12"):
        load(tmp_path, "nope")


def test_a_record_carries_the_figures_that_matter() -> None:
    record = journal().record()
    assert (record.drill, record.result, record.ended_at) == ("it-dies", "deviated", 1020.5)
    assert record.figures["lost_writes"] == 3
    assert record.figures["failover_seconds"] is None


def test_every_result_has_an_exit_code_of_its_own() -> None:
    assert sorted(EXIT_CODES.values()) == [0, 1, 2, 3, 4, 5, 130]
