"""A sentinel.conf whose nodes have moved: kept over a reinstall, it names the addresses of Services that are gone.

Sentinel's file is its memory (epochs, votes) and is never written anew. But who the nodes are is the deployment's to
say, so beside the file there is a list of the nodes' addresses, and where these differ from today's, the file follows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.guardian.files import write_whole

if TYPE_CHECKING:
    from app.guardian.settings import Address, Settings

_RECORD: Final = "haven-nodes.json"


def follow(settings: Settings) -> list[str]:
    """Bring the addresses in the file up to date; only while its Sentinel does not run, that is, when they differ.

    Args:
        settings: the guardian's.

    Returns:
        What has moved, for people; empty if nothing has, or nothing is known of the past.

    Raises:
        OSError: the files can't be read or written.
    """
    conf = Path(settings.conf)
    record = conf.with_name(_RECORD)
    now = _places(settings)
    before: dict[str, list[list[str | int]]] = json.loads(record.read_text("utf-8")) if record.exists() else {}
    moves: dict[tuple[str, str], Address] = {}
    for name, addresses in now.items():
        for old, new in zip(before.get(name, []), addresses, strict=False):
            if tuple(old) != new:
                moves[str(old[0]), str(old[1])] = new
    if moves and conf.exists():
        own = settings.sentinels[settings.me]
        text = "\n".join(_line(line, moves, own) for line in conf.read_text("utf-8").splitlines()) + "\n"
        write_whole(conf, text)
    if json.loads(json.dumps(now)) != before:
        write_whole(record, json.dumps(now))
    return [f"{host}:{port} is {new[0]}:{new[1]} now" for (host, port), new in moves.items()]


def _places(settings: Settings) -> dict[str, list[Address]]:
    return {
        name: [redis, sentinel]
        for name, redis, sentinel in zip(settings.names, settings.redis, settings.sentinels, strict=True)
    }


def _line(line: str, moves: dict[tuple[str, str], Address], own: Address) -> str:
    words = line.split(" ")
    if words[:2] == ["sentinel", "announce-ip"]:
        return f"sentinel announce-ip {own[0]}"
    if words[:2] == ["sentinel", "announce-port"]:
        return f"sentinel announce-port {own[1]}"
    place = 0
    while place < len(words) - 1:
        moved = moves.get((words[place].strip('"'), words[place + 1]))
        if moved is not None:
            words[place : place + 2] = [moved[0], str(moved[1])]
            place += 1
        place += 1
    return " ".join(words)
