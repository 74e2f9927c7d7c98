"""Connections to the database: made at first use, bounded, and safe across a fork."""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from app.errors import ConfigError

CONNECT_TIMEOUT: Final = 5
"""Seconds to wait for a connection, from the server or from the pool."""
STATEMENT_TIMEOUT: Final = 10
"""Seconds after which PostgreSQL ends a statement, or SQLite gives up on a locked file."""


def parse_url(database_url: str) -> URL:
    """Read a database URL and choose the driver.

    Args:
        database_url: ``sqlite:///path`` or ``postgresql://user:password@host:port/name`` (``postgres://`` is the same).

    Returns:
        The URL with its driver; PostgreSQL is reached through psycopg 3.

    Raises:
        ConfigError: the URL cannot be read, names another kind of database, or SQLite without a file.
    """
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError) as error:
        # The text may hold a password, so it is not repeated.
        raise ConfigError(["DATABASE_URL is not a database URL: write sqlite:///path or postgresql://…"]) from error
    backend = url.drivername.partition("+")[0]
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigError([f"DATABASE_URL names {backend!r}: only sqlite and postgresql are supported"])
    if url.database in {None, "", ":memory:"}:
        raise ConfigError(["DATABASE_URL names an in-memory SQLite, which threads can't share: name a file"])
    return url


def make_engine(database_url: str, *, pool_size: int, statement_timeout: int = STATEMENT_TIMEOUT) -> Engine:
    """Make an engine; it opens nothing until it is used.

    Args:
        database_url: as for ``parse_url``.
        pool_size: the most connections it holds at a time.
        statement_timeout: seconds that one statement may take; 0 is without end.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, pool_size=pool_size, max_overflow=0, pool_timeout=CONNECT_TIMEOUT, connect_args={"timeout": 0}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            "options": f"-c statement_timeout={statement_timeout * 1000}",
            "client_encoding": "utf8",  # from a server without an encoding psycopg would bring bytes
        },
    )


class Database:
    """The database behind a URL. Nothing is opened at construction.

    Args:
        url: as for ``parse_url``.
        pool_size: the most connections one process holds; a request beyond waits ``CONNECT_TIMEOUT`` seconds.

    Raises:
        ConfigError: the URL is not one that ``parse_url`` accepts.
    """

    def __init__(self, url: str, *, pool_size: int = 16) -> None:
        parse_url(url)
        self.url: Final = url
        self._pool_size = pool_size
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        _databases.add(self)

    @property
    def engine(self) -> Engine:
        """The engine of this process, made at first use."""
        with self._lock:
            if self._engine is None:
                self._engine = make_engine(self.url, pool_size=self._pool_size)
            return self._engine

    @contextmanager
    def session(self, *, single: bool = False) -> Iterator[Session]:
        """A unit of work: committed when the block ends, rolled back when it raises.

        What was loaded stays readable after the block.

        Args:
            single: every statement is a unit of its own, which the server commits as it runs. Where one statement
                says it all, its locks don't last until this process, which may be waiting for a processor, goes on.
        """
        engine = self.engine.execution_options(isolation_level="AUTOCOMMIT") if single else self.engine
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection. The next use opens new ones."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _forget(self) -> None:
        """After a fork: leave the parent's connections to the parent."""
        self._lock = threading.Lock()
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose(close=False)


_databases: "weakref.WeakSet[Database]" = weakref.WeakSet()


def _forget_in_child() -> None:
    for database in list(_databases):
        database._forget()  # noqa: SLF001 - the hook is part of the class; a fork knows no instances


os.register_at_fork(after_in_child=_forget_in_child)


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry | Any) -> None:
    """Set what SQLite leaves off: patience with a locked file, readers beside a writer, foreign keys."""
    connection.execute(f"PRAGMA busy_timeout={STATEMENT_TIMEOUT * 1000}").close()
    _write_ahead(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Give the file its write-ahead log, which it then keeps.

    For this change alone SQLite does not wait as busy_timeout tells it: it holds a reader's lock when it asks for the
    only writer's, and two that waited so would wait for each other. So the wait for another process's is done here.
    """
    end = time.monotonic() + STATEMENT_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return
