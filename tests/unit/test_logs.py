from __future__ import annotations

import json
import logging

import pytest
import structlog

from app.ops.logs import configure_logs


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_json_is_one_line_per_event_ours_and_libraries_with_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    structlog.contextvars.bind_contextvars(request_id="r1")
    structlog.get_logger("ours").info("task.ended", text="Zoë\n🏮", number=1)
    logging.getLogger("theirs").warning("of %s", "a library")
    ours, theirs = map(json.loads, lines(capsys))
    assert (ours["event"], ours["text"], ours["number"]) == ("task.ended", "Zoë\n🏮", 1)
    assert (ours["level"], theirs["level"]) == ("info", "warning")
    assert ours["request_id"] == theirs["request_id"] == "r1"
    assert theirs["event"] == "of a library"
    assert ours["timestamp"].endswith("Z")


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_comes_with_its_trace(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure_logs("info", form)

    def fail() -> None:
        raise LookupError("why")

    for log in (structlog.get_logger("ours"), logging.getLogger("theirs")):
        try:
            fail()
        except LookupError:
            log.exception("failed")
    found = lines(capsys)
    if form == "json":
        assert len(found) == 2
        assert all("LookupError: why" in json.loads(line)["exception"] for line in found)
    else:
        assert "\n".join(found).count("LookupError: why") == 2


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_is_below_the_level_is_not_said(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure_logs("warning", form)
    for log in (structlog.get_logger("ours"), logging.getLogger("theirs")):
        log.info("quiet")
        log.warning("loud")
    found = "\n".join(lines(capsys))
    assert found.count("loud") == 2
    assert "quiet" not in found


def test_values_that_json_has_not_are_said_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    structlog.get_logger("ours").info("odd", value={1, 2}, error=LookupError("x"), raw=b"\xff", lone="\udcff")
    (line,) = lines(capsys)
    assert json.loads(line)["event"] == "odd"


def test_configuring_again_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    configure_logs("info", "json")
    structlog.get_logger("ours").info("once")
    assert len(lines(capsys)) == 1
