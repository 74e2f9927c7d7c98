"""Starts the parts in order, restarts those that die, ends all in the opposite order."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from app.local.errors import LocalError
from app.local.parts import Part, Stage
from app.local.tail import last_lines
from app.local.terminal import Terminal
from app.local.words import exit_words, span

_POLL: Final = 0.05
_SHOWN: Final = 15
_SELF: Final = "haven"


class Supervisor:
    """Runs parts until it is told to end.

    Args:
        stages: what to start, in this order.
        terminal: where progress and restarts are told.
        changed: called after every start and end of a part, to write down the state.
    """

    def __init__(self, stages: Sequence[Stage], terminal: Terminal, changed: Callable[[], None] = lambda: None) -> None:
        self._stages = stages
        self._terminal = terminal
        self._changed = changed
        self._ending = threading.Event()
        self._due: dict[str, float] = {}  # when a dead part is to start again
        self._unready: dict[str, float] = {}  # until when a restarted part must be ready

    @property
    def parts(self) -> list[Part]:
        """All parts, in the order of their start."""
        return [part for stage in self._stages for part in stage.parts]

    @property
    def ending(self) -> bool:
        """Whether it was told to end."""
        return self._ending.is_set()

    def end(self) -> None:
        """Tell it to end; safe in a signal handler, and harmless when told again."""
        self._ending.set()

    def start(self) -> None:
        """Start all parts and wait for each to be ready; returns early when told to end.

        Raises:
            LocalError: a part did not come up; its last lines of log are in the message. Nothing was ended yet.
        """
        for stage in self._stages:
            begun = time.monotonic()
            for part in stage.parts:
                part.process.start()
            self._changed()
            took = {part.name: self._await(part, begun) for part in stage.parts}
            if self.ending:
                return
            stage.then()
            for part in stage.parts:
                self._terminal.done(part.name, part.address, part.role(), span(took[part.name]))
            self._changed()

    def _await(self, part: Part, begun: float) -> float:
        while not self.ending:
            if part.once and part.process.status == 0:
                break
            if not part.process.alive:
                raise _failure(part, exit_words(part.process.status))
            if not part.once and part.ready():
                break
            if time.monotonic() - begun > part.timeout:
                raise _failure(part, f"not ready within {part.timeout:g} s")
            self._ending.wait(_POLL)
        return time.monotonic() - begun

    def run(self) -> None:
        """Restart what dies, until told to end."""
        while not self._ending.wait(_POLL):
            for part in self.parts:
                if not part.once:
                    self._look_after(part)

    def _look_after(self, part: Part) -> None:
        now = time.monotonic()
        if part.process.alive:
            if part.name in self._unready:
                self._await_again(part, now)
        elif part.name not in self._due:
            self._unready.pop(part.name, None)
            part.process.sweep()
            delay = part.backoff.after(time.time() - part.process.started_at)
            self._due[part.name] = now + delay
            words = exit_words(part.process.status)
            self._terminal.log(_SELF, f"{part.name} {words}; it starts again in {delay:g} s")
            self._changed()
        elif now >= self._due[part.name]:
            del self._due[part.name]
            part.restarts += 1
            part.process.start()
            self._unready[part.name] = now + part.timeout
            self._changed()

    def _await_again(self, part: Part, now: float) -> None:
        if part.ready():
            del self._unready[part.name]
            self._terminal.log(_SELF, f"{part.name} is back (pid {part.process.pid})")
        elif now > self._unready[part.name]:
            self._terminal.log(_SELF, f"{part.name} was not ready within {part.timeout:g} s; it is ended")
            part.process.kill()

    def stop(self) -> None:
        """End all parts, stage by stage in the opposite order; returns when no process is left."""
        self._ending.set()
        for stage in reversed(self._stages):
            for part in stage.parts:
                part.process.terminate()
            begun = time.monotonic()
            for part in stage.parts:
                part.process.stop(max(0.0, part.grace - (time.monotonic() - begun)))


def _failure(part: Part, what: str) -> LocalError:
    lines = last_lines(part.process.log, _SHOWN)
    quoted = "".join(f"\n    {line}" for line in lines) or " (its log is empty)"
    return LocalError(f"{part.name}: {what}. The end of {part.process.log}:{quoted}", remedy=part.remedy)
