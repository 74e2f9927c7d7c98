"""How things are said to people: ends of processes, spans of time."""

import signal
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_TENS: Final = 9.95


def exit_words(status: int | None) -> str:
    """Say how a process ended: `killed by SIGKILL`, `exit code 3`, `ended` for 0."""
    if status is None:
        return "still runs"
    if status == 0:
        return "ended"
    if status > 0:
        return f"exit code {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def span(seconds: float) -> str:
    """Say a span of time: `0.2 s`, `42 s`, `3 min 5 s`, `2 h 7 min`."""
    if seconds < _TENS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
