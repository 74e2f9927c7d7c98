"""What the page shows."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from app.drill import records
from app.drill.records import Record
from tests.integration.console.test_actions import kill_tasks

if TYPE_CHECKING:
    from flask import Flask

    from app.runtime import Runtime
    from app.store import Store
    from tests.integration.console.browsing import Browser

EVIL = "<script>alert(1)</script>"


def keep(store: Store, report: str = "<h1>It held</h1>") -> str:
    now = time.time()
    record = Record("20260101T000000-kill", "primary-kill", "It dies", "local", "held", EVIL, now - 9, now)
    records.keep(store, record, report)
    return record.id


def test_nothing_that_is_stored_becomes_markup(app: Flask, operator: Browser, store: Store) -> None:
    runtime: Runtime = app.extensions["haven"]
    runtime.sessions.create(2, device=EVIL, address="10.0.0.1")
    kill_tasks(store, EVIL, error=EVIL)
    keep(store)
    page = operator.get("/ops?user=grace@example.com").text
    assert page.count("&lt;script&gt;") >= 3
    assert EVIL not in page
    assert EVIL not in operator.get(f"/ops?user={EVIL}").text
    assert EVIL not in "".join(operator.client.get("/ops/parts.json").get_json().values())


def test_a_report_is_shown_in_a_frame_that_may_do_nothing(operator: Browser, store: Store) -> None:
    record_id = keep(store, EVIL)
    assert f'href="/ops/drills/{record_id}"' in operator.get("/ops").text
    page = operator.get(f"/ops/drills/{record_id}")
    assert re.search(r'<iframe class="report" sandbox title="[^"]+" src="/ops/drills/[^"]+/report">', page.text)
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    report = operator.get(f"/ops/drills/{record_id}/report")
    assert report.text == EVIL
    assert report.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "script-src" not in report.headers["Content-Security-Policy"]
    assert operator.get("/ops/drills/other").status_code == 404
    assert operator.get("/ops/drills/other/report").status_code == 404


def test_cache_and_limits_are_counted(app: Flask, operator: Browser) -> None:
    client = app.test_client()

    def hits() -> int:
        found = re.search(r"<dt>hit</dt><dd>([\d,]+)", operator.get("/ops").text)
        return int(found[1].replace(",", "")) if found else 0

    before = hits()
    for _ in range(3):
        assert client.get("/api/products/1").status_code == 200
    page = operator.get("/ops").text
    assert hits() - before == 2
    assert re.search(r"Hit rate: <strong>\d+\.\d %", page)
    row = re.search(r'<th scope="row">login</th>(.*?)</tr>', page)
    assert row
    assert "address: 5 in 60 s exact" in row[1]
    assert "<td>closed</td>" in row[1]
    assert "app.example.search.search" in page


def test_every_table_field_and_section_has_a_name(operator: Browser) -> None:
    page = operator.get("/ops").text
    for section, label in re.findall(r'<section id="(\w+)" aria-labelledby="([\w-]+)"', page):
        assert f'href="#{section}"' in page
        assert f'<h2 id="{label}">' in page
    assert page.count("<table>") == page.count("<caption>") >= 3
    assert set(re.findall(r'<input id="(\w+)"', page)) <= set(re.findall(r'<label for="(\w+)"', page))
    assert 'aria-live="polite"' in page
    assert 'class="skip" href="#content"' in page
