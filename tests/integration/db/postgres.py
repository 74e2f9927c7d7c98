"""A throw-away PostgreSQL on a Unix socket, for tests."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import psycopg

PROGRAMS = ("initdb", "postgres")


class PostgresMissingError(Exception):
    """This machine has no PostgreSQL server programs."""


def find_programs() -> Path:
    """The directory that holds initdb and postgres."""
    places = [Path(found).parent for found in [shutil.which("postgres")] if found]
    pg_config = shutil.which("pg_config")
    if pg_config:
        command = [pg_config, "--bindir"]
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
        places.append(Path(told.stdout.strip()))
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if all((place / program).exists() for program in PROGRAMS):
            return place
    raise PostgresMissingError(f"no {' and '.join(PROGRAMS)} in PATH, pg_config --bindir or /usr/lib/postgresql")


class PostgresServer:
    """One cluster in a directory of its own. PostgreSQL refuses root, so it runs as another user then."""

    def __init__(self) -> None:
        self._programs = find_programs()
        # Not pytest's tmp_path: its parents are closed to the other user, and a socket's path must be short.
        self._root = Path(tempfile.mkdtemp(prefix="haven-pg-"))
        self._user = _unprivileged() if os.geteuid() == 0 else None
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._user:
            shutil.chown(self._root, self._user)
        data = self._root / "data"
        self._run("initdb", "--pgdata", data, "--username=haven", "--auth=trust", "--no-sync", "--encoding=UTF8")
        self._process = self._spawn(data)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        shutil.rmtree(self._root, ignore_errors=True)

    def create_database(self, template: str = "template1") -> str:
        """Make a database, empty or as the one at a URL, and give its URL."""
        self._databases += 1
        name = f"test{self._databases}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            source = template.partition("?")[0].rpartition("/")[2]
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}".encode())
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://haven@/{database}?host={self._root}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._programs / program, *arguments]
        subprocess.run(command, user=self._user, cwd=self._root, check=True, capture_output=True, timeout=60)

    def _spawn(self, data: Path) -> subprocess.Popen[bytes]:
        settings = ("listen_addresses=", f"unix_socket_directories={self._root}", "fsync=off", "max_connections=60")
        options = [part for setting in settings for part in ("-c", setting)]
        command: list[str | Path] = [self._programs / "postgres", "-D", data, *options]
        with (self._root / "log").open("wb") as log:
            return subprocess.Popen(command, user=self._user, cwd=self._root, stdout=log, stderr=log)

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self._url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


def _unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
