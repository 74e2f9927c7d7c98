"""The server-side scripts of the package, by name: ``scripts/<name>.lua``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.errors import ScriptMissing


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
    try:
        body = files("app.store").joinpath("scripts", f"{name}.lua").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScriptMissing(f"no script {name!r}: add app/store/scripts/{name}.lua") from None
    return Script(name, body, hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest())
