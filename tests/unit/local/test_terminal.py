import io

from app.local.terminal import Terminal


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_names_are_padded_and_plain_where_it_is_no_terminal() -> None:
    out = io.StringIO()
    terminal = Terminal(out, {})
    terminal.expect(["web", "redis-1"])
    terminal.log("web", "hello")
    terminal.log("redis-1", "hello")
    assert out.getvalue() == "web     | hello\nredis-1 | hello\n"


def test_a_terminal_gets_a_colour_a_part_unless_it_is_declined() -> None:
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)):
        out = Screen()
        terminal = Terminal(out, env)
        terminal.expect(["web", "worker"])
        assert (terminal.part("web") != "web   ") is coloured
        assert (terminal.part("worker") != "worker") is coloured
        assert not coloured or terminal.part("web")[:5] != terminal.part("worker")[:5]


def test_a_failure_says_what_to_try() -> None:
    out = io.StringIO()
    Terminal(out, {}).failed("it broke", "mend it")
    assert out.getvalue() == "✗ it broke\n  -> mend it\n"


def test_an_ascii_terminal_is_no_error() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    Terminal(stream, {}).done("web", "127.0.0.1:8000", "", "0.1 s")
    assert raw.getvalue().startswith(b"? web")
    stream.close()


def test_a_reader_that_went_away_is_no_error() -> None:
    out = io.StringIO()
    terminal = Terminal(out, {})
    out.close()
    terminal.line("nobody reads this")
