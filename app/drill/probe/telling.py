"""What a probe tells whoever runs the drill: one JSON object a line, each with `kind` and `at` (seconds since 1970).

===========  ==========================================================================================================
kind         more
===========  ==========================================================================================================
hello        `version`, `redis`, `nodes`: it has begun, and holds the lock
refused      `reason`: it has not begun
moment       `source`, `what`, `detail`: something for the time line
beat         `tracks`: per track good, bad, silent (s), slots of 0.25 s since the last beat; `health`; `retries`
audit        `figures`: what was measured and counted; `kept`: keys of ours that are left
===========  ==========================================================================================================
"""

from __future__ import annotations

import json
import threading
import time
from typing import IO, Any, Final

HELLO, REFUSED, MOMENT, BEAT, AUDIT = KINDS = ("hello", "refused", "moment", "beat", "audit")
LARGEST_DETAIL: Final = 300
FIRST: Final = '{"kind":'
"""How every line begins, and no warning of the same process does."""


class Teller:
    """Writes the lines.

    Args:
        out: where to.
    """

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._lock = threading.Lock()

    def tell(self, kind: str, at: float | None = None, **more: Any) -> None:
        """Write one."""
        line = json.dumps({"kind": kind, "at": time.time() if at is None else at, **more}, separators=(",", ":"))
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()

    def moment(self, source: str, what: str, detail: str = "", at: float | None = None) -> None:
        """Something for the time line."""
        self.tell(MOMENT, at, source=source, what=what, detail=detail[:LARGEST_DETAIL])
