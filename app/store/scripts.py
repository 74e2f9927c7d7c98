"""The server-side scripts of the package, by name: ``scripts/<name>.lua``.

A script may begin with what others share (``-- include: tasks`` stands for ``scripts/include/tasks.lua``), and takes
the names of keys from :mod:`app.store.keys`: ``${TASK_DEAD}``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.errors import ScriptMissing
from app.store import keys

_INCLUDE = re.compile(r"^-- include: (\w+)$", re.MULTILINE)
_NAME = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script and the digest under which a server knows it."""

    name: str
    body: str
    sha: str


@cache
def load(name: str) -> Script:
    """Read a script of the package once.

    Raises:
        ScriptMissing: there is no such file.
    """
    body = _INCLUDE.sub(lambda found: _read(f"include/{found[1]}"), _read(name))
    body = _NAME.sub(lambda found: str(getattr(keys, found[1])), body)
    return Script(name, body, hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest())


def _read(name: str) -> str:
    try:
        return files("app.store").joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScriptMissing(f"no script {name!r}: add app/store/scripts/{name}.lua") from None
