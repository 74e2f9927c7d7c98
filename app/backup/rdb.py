"""What an RDB says of itself at its beginning, and whether it has an end."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from app.errors import BackupError

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC: Final = {b"REDIS": 4, b"VALKE": 3}
"""How it begins, and how many digits of the version follow (VALKEY080)."""
_AUX: Final = b"\xfa"
_END: Final = 0xFF
_CHECKSUM: Final = 8
_LONGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """Who wrote it.

    Attributes:
        version: of the format.
        engine: redis or valkey.
        release: the engine's version.
    """

    version: int
    engine: str
    release: str

    def __str__(self) -> str:
        return f"{self.engine} {self.release} (RDB version {self.version})"


def read_header(path: Path) -> Header:
    """Read an RDB's beginning, and look at its end.

    Raises:
        BackupError: it is no RDB, or not a whole one.
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        found = _header(io.BytesIO(file.read(_LONGEST)))
        file.seek(0, io.SEEK_END)
        size = file.tell()
        file.seek(max(0, size - _CHECKSUM - 1))
        if found is None or file.read(1) != bytes([_END]):
            raise BackupError(f"{path} is no whole RDB ({size} bytes): take another backup")
    return found


def _header(file: BinaryIO) -> Header | None:
    magic = file.read(5)
    if magic not in _MAGIC:
        return None
    if magic == b"VALKE":
        file.read(1)
    digits = file.read(_MAGIC[magic])
    if not digits.isdigit():
        return None
    told: dict[str, str] = {}
    while file.read(1) == _AUX:
        name, value = _text(file), _text(file)
        if name is None or value is None:
            break
        told[name] = value
    engine = "valkey" if "valkey-ver" in told or magic == b"VALKE" else "redis"
    return Header(int(digits), engine, told.get(f"{engine}-ver", "unknown"))


def _text(file: BinaryIO) -> str | None:
    """A string: its length in 6, 14 or 32 bits, or a number in 1, 2 or 4 bytes; None for what no header has."""
    first = int.from_bytes(file.read(1), "big")
    kind, low = first >> 6, first & 0x3F
    if kind == 3:  # noqa: PLR2004 - of four
        return str(int.from_bytes(file.read(1 << low), "little", signed=True)) if low < 3 else None  # noqa: PLR2004
    if kind == 0:
        length = low
    elif kind == 1:
        length = low << 8 | int.from_bytes(file.read(1), "big")
    else:
        length = int.from_bytes(file.read(4), "big")
    return file.read(length).decode(errors="replace")
