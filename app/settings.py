"""How a setting is declared, read from a ``*_FILE`` and reported when it is wrong."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from app.passwords import accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

MAX_PORT = 65_535
MAX_SECRET_FILE = 64 * 1024


def setting(default: Any, meaning: str, remedy: str, *, group: str, **limits: Any) -> Any:
    """Declare a setting.

    Args:
        default: the value when the variable is not set.
        meaning: what it does and its unit; becomes the settings reference.
        remedy: what a right value looks like; printed when the value is wrong.
        group: the heading in the settings reference.
        limits: pydantic constraints such as ``ge`` and ``le``.
    """
    return Field(default, description=meaning, json_schema_extra={"remedy": remedy, "group": group}, **limits)


def with_default(field: FieldInfo, default: Any) -> Any:
    """Declare a setting again, in a class that is derived, with another default."""
    changed = copy(field)
    changed.default = default
    return changed


def parse_address(text: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as a pair.

    Raises:
        ValueError: the text has no host or no port between 1 and 65535.
    """
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
        raise ValueError(f"{text.strip()!r} is not host:port")
    return host, int(port)


def _addresses(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = [part for part in value.split(",") if part.strip()]
    if not parts:
        raise ValueError("the list is empty")
    return tuple(parse_address(part) for part in parts)


Addresses = Annotated[tuple[tuple[str, int], ...] | None, NoDecode, BeforeValidator(_addresses)]


def _nodes(value: object) -> object:
    """``name=host:port``, comma separated, as pairs of a name and an address."""
    if not isinstance(value, str):
        return value
    found = []
    for part in filter(str.strip, value.split(",")):
        name, _, address = part.strip().partition("=")
        if not name or not address:
            raise ValueError(f"{part.strip()!r} is not name=host:port")
        found.append((name.strip(), parse_address(address)))
    names = [name for name, _ in found]
    if not found or len(set(names)) < len(names):
        raise ValueError("the list is empty" if not found else "a name occurs twice")
    return tuple(found)


def _one_address(value: object) -> object:
    return parse_address(value) if isinstance(value, str) else value


Nodes = Annotated[tuple[tuple[str, tuple[str, int]], ...] | None, NoDecode, BeforeValidator(_nodes)]
OneAddress = Annotated[tuple[str, int] | None, NoDecode, BeforeValidator(_one_address)]


def is_secret(field: FieldInfo) -> bool:
    """Whether the value may never be shown."""
    return SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))


class EnvironmentAndFiles:
    """Reads ``NAME`` for every setting and ``NAME_FILE`` for every secret, and keeps what was wrong with the files.

    Attributes:
        problems: a line per file that could not be read.
        files: the secrets that came from a file, by attribute name.
        others: what else those files accept (``app/passwords.py``), by attribute name.
    """

    def __init__(self, cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._fields = cls.model_fields
        self._environ = environ
        self.problems: list[str] = []
        self.files: dict[str, str] = {}
        self.others: dict[str, tuple[str, ...]] = {}

    def read(self) -> dict[str, str]:
        """The values that are set, by attribute name."""
        values = {name: self._environ[name.upper()] for name in self._fields if name.upper() in self._environ}
        for name, field in self._fields.items():
            path = self._environ.get(f"{name.upper()}_FILE")
            if path is None or not is_secret(field):
                continue
            if name in values:
                self.problems.append(f"{name.upper()} and {name.upper()}_FILE are both set: keep one")
                continue
            try:
                with Path(path).open(encoding="utf-8") as file:
                    values[name], *others = accepted(file.read(MAX_SECRET_FILE)) or ("",)
                self.files[name], self.others[name] = path, tuple(others)
            except (OSError, UnicodeDecodeError) as error:
                self.problems.append(f"{name.upper()}_FILE={path!r} can't be read ({error}): give a readable text file")
        return values


def problems_of(error: ValidationError, cls: type[BaseSettings]) -> list[str]:
    """A line per wrong setting: the variable, the value seen (never a secret's) and the remedy."""
    lines = []
    for item in error.errors(include_url=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        field = cls.model_fields.get(name)
        if field is None:
            lines.append(item["msg"])
            continue
        extra = field.json_schema_extra
        remedy = extra.get("remedy", "") if isinstance(extra, dict) else ""
        seen = "(value hidden)" if is_secret(field) else repr(item["input"])
        lines.append(f"{name.upper()}={seen}: {_plain(item['msg'])}; use {remedy}")
    return list(dict.fromkeys(lines))


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ").lower()
