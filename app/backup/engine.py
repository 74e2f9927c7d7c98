"""A throw-away server that has loaded a backup: only a Redis understands an RDB, whatever its version brings."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import BusyLoadingError, RedisError

from app.backup.feed import Feed
from app.errors import BackupError
from app.local.binaries import find_redis
from app.local.errors import LocalError
from app.local.process import Process
from app.settings import parse_address
from app.store import direct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis import Redis

    from app.backup.archive import Manifest

_START: Final = 60.0
_POLL: Final = 0.05
_GRACE: Final = 2.0
_STUCK: Final = 60.0


@contextmanager
def loaded(rdb: Path, manifest: Manifest, where: str | None) -> Iterator[Redis]:
    """A server that holds the backup and lets nothing of it expire; a client of the application's database there.

    Args:
        rdb: the backup.
        manifest: of it.
        where: host:port, or a socket's path, of an empty server on this machine; None starts one.

    Raises:
        BackupError: there is no server, it is not empty, or it can't read the backup.
    """
    if where:
        place = _place(where)
        with _filled(place, rdb, manifest, None) as client:
            yield client
        return
    directory = Path(tempfile.mkdtemp(prefix="haven-engine-"))
    try:
        process, place = _start(directory)
        try:
            with _filled(place, rdb, manifest, process) as client:
                yield client
        finally:
            process.stop(_GRACE)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _start(directory: Path) -> tuple[Process, Path]:
    try:
        binary = find_redis()
    except LocalError as error:
        raise BackupError(f"{error}; or start an empty one yourself and give --engine HOST:PORT") from None
    path = directory / "socket"
    options = {"--port": "0", "--unixsocket": str(path), "--save": "", "--appendonly": "no", "--dir": str(directory)}
    words = [word for pair in options.items() for word in pair]
    process = Process([binary.path, *words], directory)
    process.start()
    return process, path


def _place(where: str) -> tuple[str, int] | Path:
    if "/" in where:
        return Path(where)
    try:
        return parse_address(where)
    except ValueError:
        raise BackupError(f"--engine={where}: give HOST:PORT, or the path of a socket") from None


@contextmanager
def _filled(place: tuple[str, int] | Path, rdb: Path, manifest: Manifest, process: Process | None) -> Iterator[Redis]:
    admin = direct.engine(place)
    try:
        _await(admin, place, process)
        if process is None and (kept := admin.info("keyspace")):
            held = ", ".join(f"{name}: {stats['keys']} keys" for name, stats in kept.items())
            raise BackupError(f"the server at {_shown(place)} is not empty ({held}): give an empty, throw-away one")
        try:
            _feed(admin, rdb, manifest, process)
            client = direct.engine(place, manifest.database)
            try:
                yield client
            finally:
                client.close()
        finally:
            if process is None:
                _empty(admin)
    finally:
        admin.close()


def _await(admin: Redis, place: tuple[str, int] | Path, process: Process | None) -> None:
    end = time.monotonic() + _START
    while True:
        try:
            admin.ping()
        except (RedisError, OSError) as error:
            if process is not None and not process.alive:
                raise BackupError(f"redis-server ended at its start: {process.log.read_text()[-500:]}") from None
            if time.monotonic() > end:
                raise BackupError(f"no server answers at {_shown(place)} ({error}): start an empty one there") from None
            time.sleep(_POLL)
        else:
            return


def _feed(admin: Redis, rdb: Path, manifest: Manifest, process: Process | None) -> None:
    """Load it. It stays a replica, of nobody: a replica lets nothing expire, so what is there does not change."""
    info: dict[str, Any] = admin.info("server")
    with Feed(rdb) as feed:
        admin.config_set("masterauth", feed.secret)
        admin.config_set("repl-diskless-load", "on-empty-db")
        admin.execute_command("REPLICAOF", "127.0.0.1", feed.port)
        moved, seen = time.monotonic(), -1
        while True:
            time.sleep(_POLL)
            try:
                told: dict[str, Any] = admin.info()
            except BusyLoadingError:
                continue
            except (RedisError, OSError):
                raise _unreadable(rdb, manifest, info, process) from None
            if told["master_link_status"] == "up":
                return
            now = int(told.get("loading_loaded_bytes", 0)) + int(told.get("total_net_repl_input_bytes", 0))
            if now != seen:
                moved, seen = time.monotonic(), now
            if feed.asked > 1 or time.monotonic() - moved > _STUCK:
                raise _unreadable(rdb, manifest, info, process)


def _unreadable(rdb: Path, manifest: Manifest, info: dict[str, Any], process: Process | None) -> BackupError:
    log = process.log.read_text(errors="replace").splitlines() if process else []
    why = next((line.partition("# ")[2] or line for line in reversed(log) if "RDB" in line or "rdb" in line), "")
    return BackupError(
        f"{release(info)} can't read {rdb}, which {manifest.wrote} wrote{f' ({why})' if why else ''}: start an "
        f"empty {manifest.engine} {manifest.release} or newer on this machine and give --engine HOST:PORT"
    )


def release(info: dict[str, Any]) -> str:
    """Which server it is, by its INFO."""
    valkey = info.get("valkey_version")
    return f"valkey {valkey}" if valkey else f"redis {info.get('redis_version', 'of an unknown version')}"


def _empty(admin: Redis) -> None:
    admin.execute_command("REPLICAOF", "NO", "ONE")
    admin.flushall()


def _shown(place: tuple[str, int] | Path) -> str:
    return str(place) if isinstance(place, Path) else f"{place[0]}:{place[1]}"
