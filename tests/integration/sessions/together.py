from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Do all of it at the same moment; what each gave."""
    together = threading.Barrier(len(actions))

    def act(action: Callable[[], object]) -> object:
        together.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [one.result() for one in [pool.submit(act, action) for action in actions]]
