"""The example's tasks: each does something that can be looked at, on local files."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import zlib
from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.tasks.registry import registry

Short = Annotated[str, Field(min_length=1, max_length=200)]
MAX_PIXELS = 4096


def files_dir() -> Path:
    """Where the handlers write; HAVEN_FILES_DIR, made when needed."""
    directory = Path(os.environ.get("HAVEN_FILES_DIR", ".haven/files"))
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def write_once(name: str, text: bytes) -> Path:
    """Write a file so that a reader sees all of it or nothing, and doing it again changes nothing."""
    path = files_dir() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # of this thread alone: another may write the same file now
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.write_bytes(text)
    temporary.replace(path)
    return path


@registry.task()
def send_email(to: Short, subject: Short, body: Annotated[str, Field(max_length=100_000)]) -> dict[str, str]:
    """Put a message into the outbox directory, as a mail server would take it."""
    message = f"To: {to}\nSubject: {subject}\n\n{body}\n".encode()
    name = hashlib.sha256(message).hexdigest()[:16]
    return {"file": str(write_once(f"outbox/{name}.eml", message))}


@registry.task()
def generate_report(user_id: int, kind: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]) -> dict[str, str | int]:
    """Write a report about a user's doings."""
    lines = [f"# {kind} of user {user_id}", "", f"Everything that user {user_id} did, as {kind}."]
    path = write_once(f"reports/user-{user_id}-{kind}.md", "\n".join(lines).encode())
    return {"file": str(path), "lines": len(lines)}


@registry.task()
def process_image(
    source: Short,
    width: Annotated[int, Field(ge=1, le=MAX_PIXELS)],
    height: Annotated[int, Field(ge=1, le=MAX_PIXELS)] = 64,
) -> dict[str, str | int]:
    """Draw a thumbnail for an image: a real PNG, coloured by the source's name."""
    red, green, blue = hashlib.sha256(source.encode()).digest()[:3]
    row = b"\x00" + bytes((red, green, blue)) * width
    parts = (
        _chunk(b"IHDR", width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\x00\x00\x00"),
        _chunk(b"IDAT", zlib.compress(row * height, 9)),
        _chunk(b"IEND", b""),
    )
    name = hashlib.sha256(json.dumps([source, width, height]).encode()).hexdigest()[:16]
    path = write_once(f"images/{name}.png", b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return {"file": str(path), "bytes": path.stat().st_size}


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file (https://www.w3.org/TR/png-3/#5Chunk-layout)."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
