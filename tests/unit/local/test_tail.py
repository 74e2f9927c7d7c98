import io
from pathlib import Path

from app.local.tail import LogPump, Tail, last_lines
from app.local.terminal import Terminal


def test_only_new_and_whole_lines_come(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("old\n")
    tail = Tail(path)
    with path.open("a") as log:
        log.write("one\ntw")
        log.flush()
        assert tail.lines() == ["one"]
        log.write("o\r\n")
    assert tail.lines() == ["two"]
    assert tail.lines() == []


def test_a_file_that_was_emptied_or_is_missing_is_followed_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    tail = Tail(path)
    assert tail.lines() == []
    path.write_text("a long first line\n")
    assert tail.lines() == ["a long first line"]
    path.write_text("new\n")
    assert tail.lines() == ["new"]


def test_a_huge_log_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "log"
    tail = Tail(path)
    path.write_bytes(b"x" * 1023 + b"\n")
    with path.open("ab") as log:
        log.truncate(17 << 20)
    for _ in range(20):
        tail.lines()
    assert path.stat().st_size == 0


def test_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert last_lines(path, 3) == []
    path.write_text("1\n2\n3\n4\n")
    assert last_lines(path, 3) == ["2", "3", "4"]


def test_the_pump_filters_and_writes_what_is_left_at_its_end(tmp_path: Path) -> None:
    out = io.StringIO()
    path = tmp_path / "log"
    pump = LogPump(Terminal(out, {}))
    pump.add("web", path, lambda line: line.upper() if line != "noise" else None)
    pump.start()
    path.write_text("one\nnoise\ntwo\n")
    pump.stop()
    assert out.getvalue() == "web | ONE\nweb | TWO\n"
