"""Following log files."""

import threading
from pathlib import Path
from typing import Final

from app.local.loglines import Filter
from app.local.terminal import Terminal

_TURN: Final = 0.1
_LARGEST: Final = 16 * 2**20
_CHUNK: Final = 2**20


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a file; none if it can't be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _CHUNK))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


class Tail:
    """The new lines of one log file; the file is emptied when it has grown past 16 MiB.

    Its writers append, so that emptying it under them is sound.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""
        self._place = path.stat().st_size if path.exists() else 0

    def lines(self) -> list[str]:
        """Return the whole lines written since the last call, 1 MiB at most."""
        try:
            size = self._path.stat().st_size
            if size < self._place:
                self._place = 0
            with self._path.open("rb") as file:
                file.seek(self._place)
                data = file.read(_CHUNK)
            self._place += len(data)
            if self._place > _LARGEST:
                self._path.write_bytes(b"")
                self._place = 0
        except OSError:
            return []
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_CHUNK:]
        return [line.decode(errors="replace").rstrip("\r") for line in whole]


class LogPump:
    """A thread that writes the new lines of many logs to the terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._tails: list[tuple[str, Tail, Filter]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="haven-logs", daemon=True)

    def add(self, name: str, path: Path, keep: Filter) -> None:
        """Follow one more log; call before `start`."""
        self._tails.append((name, Tail(path), keep))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and end."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._ending.wait(_TURN)
            for name, tail, keep in self._tails:
                for line in tail.lines():
                    if (text := keep(line)) is not None:
                        self._terminal.log(name, text)
