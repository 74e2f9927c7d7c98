"""A sentinel.conf whose nodes have moved: kept over a reinstall, it names the addresses of Services that are gone.

Sentinel's file is its memory (epochs, votes) and is never written anew. But who the nodes are and whether they speak
TLS is the deployment's to say. So beside the file there is a list of the nodes' addresses, and where these differ from
today's, the file follows; as it does where its port or its certificates do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.guardian import transport
from app.guardian.files import write_whole

if TYPE_CHECKING:
    from app.guardian.settings import Address, Settings

_RECORD: Final = "haven-nodes.json"


def follow(settings: Settings) -> list[str]:
    """Bring addresses and certificates in the file up to date.

    They differ only before the Sentinel's first start with today's; while it runs, nothing is written.

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
    found = [f"{host}:{port} is {new[0]}:{new[1]} now" for (host, port), new in moves.items()]
    if conf.exists():
        text = kept = conf.read_text("utf-8")
        if moves:
            own = settings.sentinels[settings.me]
            text = "\n".join(_line(line, moves, own) for line in text.splitlines()) + "\n"
        port = settings.own_sentinel[1]
        followed = transport.follow(text, port, settings.tls)
        if followed is not None:
            text = followed
            found.append(f"it speaks {'TLS' if settings.tls else 'plain text'} on port {port} now")
        if text != kept:
            write_whole(conf, text)
    if json.loads(json.dumps(now)) != before:
        write_whole(record, json.dumps(now))
    return found


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
