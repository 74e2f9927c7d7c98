from __future__ import annotations

import io
import json
import re
import time
from typing import TYPE_CHECKING

import pytest

from app.load.mix import Mix
from app.load.objectives import Objective
from app.load.run import Load
from app.load.table import Screen, clock, table
from app.load.tally import Book
from app.load.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

JOURNEYS = ("browse", "buy")


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def book() -> Book:
    book = Book(JOURNEYS)
    for _ in range(1200):
        book.send("browse")
        book.answer("browse", 0.01)
    book.send("buy")
    book.fail("buy", 1.5, "buy: PUT /api/products: 503 SERVICE UNAVAILABLE")
    book.send("buy")
    book.limit("buy")
    book.drop("buy")
    return book


def screen(stream: io.StringIO, book: Book, every: float = 0.1) -> Screen:
    return Screen(Load(1, Mix({"browse": 1}), lambda _: ("answered", ""), book, concurrency=1), book, stream, every)


def test_the_table_has_a_line_for_each_journey_and_one_for_all() -> None:
    head, browse, buy, total = table(book().read(), {"browse": 4.0, "total": 4.5})
    assert re.split(r"\s{2,}", head.strip()) == [
        *("journey", "sent", "per s", "failed", "limited", "dropped", "p50", "p95", "p99", "max ms")
    ]
    assert browse.split() == ["browse", "1,200", "4.0", "0", "0", "0", "10", "10", "10", "10"]
    assert buy.split() == ["buy", "2", "0.0", "1", "1", "1", *["1,492"] * 3, "1,500"]
    assert total.split() == ["total", "1,202", "4.5", "1", "1", "1", "10", "10", "10", "1,500"]
    assert len({len(head), len(browse), len(buy), len(total)}) == 1


def test_without_a_duration_there_are_dashes() -> None:
    assert table(Book(["browse"]).read(), {})[1].split()[-4:] == ["-"] * 4


def test_a_terminal_gets_the_table_again_and_again_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream = Tty()
    shown = screen(stream, book())
    shown.start()
    while stream.getvalue().count("journey") < 3:
        time.sleep(0.05)
    shown.end()
    first, *others, last = re.split(r"\x1b\[(?:\d+)F\x1b\[J", stream.getvalue())
    rows = first.count("\n")
    assert set(re.findall(r"\x1b\[(\d+)F", stream.getvalue())) == {str(rows)}
    assert all(len(line) < 60 for line in first.splitlines())
    assert "     1 x buy: PUT /api/products: 503" in first
    assert len(others) >= 2
    assert last == ""


def test_elsewhere_it_is_a_line_now_and_then() -> None:
    stream = io.StringIO()
    shown = screen(stream, book())
    shown.start()
    while stream.getvalue().count("\n") < 3:
        time.sleep(0.05)
    shown.end()
    assert "\x1b" not in stream.getvalue()
    line = stream.getvalue().splitlines()[0]
    assert line.startswith("0:00  1,202 sent, ")
    assert "0 under way, 1 failed, 1 limited, 1 dropped; p50 10, p95 10, p99 10, max 1,500 ms" in line


def test_a_reader_that_has_gone_away_is_no_error() -> None:
    stream = io.StringIO()
    stream.close()
    shown = Screen.__new__(Screen)
    shown._stream = stream
    shown._write("x")


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0:00"), (61, "1:01"), (3723, "1:02:03")])
def test_a_span_of_time_is_read_at_a_glance(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def verdict(*objectives: str, interrupted: bool = False) -> Verdict:
    tallies = book().read()
    judgements = [Objective.parse(text, JOURNEYS).judge(tallies) for text in objectives]
    return Verdict("http://x", 5.0, 240.5, interrupted, tallies, book().reasons(), judgements)


@pytest.mark.parametrize(
    ("objectives", "interrupted", "code", "last"),
    [
        (["p99<1s"], False, 0, "ended after 4:00; every objective is met"),
        (["p99<1s", "buy:max<1s"], False, 1, "ended after 4:00; not every objective is met"),
        (["p99<1s"], True, 130, "interrupted after 4:00; every objective is met"),
        (["max<1s"], True, 130, "interrupted after 4:00; not every objective is met"),
    ],
)
def test_the_verdict_and_its_exit_code(objectives: list[str], *, interrupted: bool, code: int, last: str) -> None:
    found = verdict(*objectives, interrupted=interrupted)
    assert found.code == code
    assert found.lines()[-1] == last


def test_it_names_each_objective_and_each_reason() -> None:
    lines = verdict("p99<1s", "buy:max<1s").lines()
    assert "met     p99<1s: 10 ms" in lines
    assert "missed  buy:max<1s: 1,500 ms" in lines
    assert "     1 x buy: PUT /api/products: 503 SERVICE UNAVAILABLE" in lines


def test_the_file_for_programs(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    verdict("p99<1s", "buy:failures<10%").write(file)
    found = json.loads(file.read_text())
    assert (found["verdict"], found["interrupted"], found["seconds"]) == ("missed", False, 240.5)
    assert found["objectives"][1] == {
        "objective": "buy:failures<10%",
        "of": "buy",
        "value": pytest.approx(1 / 3),
        "bound": 0.1,
        "met": False,
    }
    buy = found["journeys"]["buy"]
    counts = {"sent": 2, "per_second": 0.008, "answered": 0, "failed": 1, "limited": 1, "dropped": 1, "unfinished": 0}
    durations = {name: pytest.approx(1500, rel=0.01) for name in ("p50_ms", "p95_ms", "p99_ms", "p99.9_ms", "max_ms")}
    assert buy == counts | durations
    assert found["total"]["sent"] == 1202
    assert list(found["journeys"]) == ["browse", "buy"]
    assert found["failures"] == {"buy: PUT /api/products: 503 SERVICE UNAVAILABLE": 1}
