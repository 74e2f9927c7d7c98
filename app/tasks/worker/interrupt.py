"""Ending a function that runs in another thread: an exception is raised in it at its next bytecode.

What waits inside C (a socket without a timeout, a lock) hears of it when it comes back; see the watchdog for those that
don't. Source: PyThreadState_SetAsyncExc, https://docs.python.org/3/c-api/threads.html
"""

from __future__ import annotations

import ctypes
import threading


class Interrupt:
    """Raises one exception in the thread that made it, until it is closed; none is raised afterwards."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._open = True
        self.raised: type[Exception] | None = None

    def throw(self, error: type[Exception]) -> None:
        """Raise this there, if nothing has been raised yet."""
        with self._lock:
            if self._open and self.raised is None:
                self.raised = error
                _set(self._thread, error)

    def close(self) -> None:
        """What was thrown and has not been raised yet is taken back. Called by the thread itself."""
        with self._lock:
            self._open = False
            if self.raised is not None:
                _set(self._thread, None)


def _set(thread: int, error: type[Exception] | None) -> None:
    target = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), target)
