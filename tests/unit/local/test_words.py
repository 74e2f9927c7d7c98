import pytest

from app.local.words import exit_words, span


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "still runs"),
        (0, "ended"),
        (3, "exit code 3"),
        (-9, "killed by SIGKILL"),
        (-15, "killed by SIGTERM"),
        (-99, "killed by signal 99"),
    ],
)
def test_ends_in_words(status: int | None, words: str) -> None:
    assert exit_words(status) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.21, "0.2 s"),
        (9.96, "10 s"),
        (42, "42 s"),
        (59.7, "1 min 0 s"),
        (185, "3 min 5 s"),
        (7620, "2 h 7 min"),
    ],
)
def test_spans_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words
