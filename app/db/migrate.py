"""Bringing a database to the newest revision, from the program itself."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from app.db.database import make_engine, parse_url
from app.errors import SchemaError

log = structlog.get_logger(__name__)

LOCK_TIMEOUT: Final = 60
"""Seconds to wait for another process that is migrating the same database."""
_LOCK_KEY: Final = 0x686176656E  # "haven"
PAUSE: Final = 1.0
"""Seconds between two looks at a database that is not there yet."""


def migrate(database_url: str) -> str:
    """Bring the database to the newest revision; all of it or nothing. Safe to run several times at once.

    A database that a newer version has migrated is left as it is: that version's changes are made so that this one
    works with them, or going back to it would not be possible at all.

    Args:
        database_url: as for ``app.db.database.parse_url``.

    Returns:
        The revision the database now has.

    Raises:
        ConfigError: the URL is not one of a supported database.
        sqlalchemy.exc.OperationalError: it cannot be reached, or another process held the lock too long.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    with _connect(database_url) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCK_TIMEOUT * 1000}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        has = _read(connection)
        if has is not None and not _is_known(has):
            log.warning("migrate.newer", database=has, program=newest_revision())
            return has
        config = _alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    return newest_revision()


def migrate_patiently(database_url: str, patience: float) -> str:
    """As :func:`migrate`, of a database that may still be starting.

    Args:
        database_url: as for ``app.db.database.parse_url``.
        patience: seconds to wait until it can be reached.

    Raises:
        SchemaError: it could not be reached in time.
    """
    return _until(patience, lambda: migrate(database_url))


def await_schema(database_url: str, patience: float) -> str:
    """Wait until the database has a schema that this version works with, which somebody else brings it to.

    Args:
        database_url: as for ``app.db.database.parse_url``.
        patience: seconds to wait.

    Returns:
        The revision the database has: the newest one, or a newer version's.

    Raises:
        SchemaError: it was not so in time.
    """

    def look() -> str:
        has = current_revision(database_url)
        if has == newest_revision() or (has is not None and not _is_known(has)):
            return has
        raise SchemaError(
            f"the database is at revision {has or 'none'}, this version works with {newest_revision()}: "
            "run `haven migrate` of this version"
        )

    return _until(patience, look)


def _until(patience: float, attempt: Callable[[], str]) -> str:
    end = time.monotonic() + patience
    shown = ""
    while True:
        try:
            return attempt()
        except OperationalError as error:
            reason = str(error.orig or error).strip().splitlines()[0]
            problem = SchemaError(f"the database can't be used ({reason}): correct DATABASE_URL, or start the database")
        except SchemaError as error:
            problem = error
        if time.monotonic() + PAUSE > end:
            raise problem
        if str(problem) != shown:
            shown = str(problem)
            log.info("migrate.waiting", why=shown)
        time.sleep(PAUSE)


def newest_revision() -> str:
    """The revision that this version of the program works with."""
    head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    if head is None:
        raise RuntimeError("app/db/migrations/versions holds no revision; the package is incomplete")
    return head


def current_revision(database_url: str) -> str | None:
    """The revision the database has; None where no migration ever ran."""
    with _connect(database_url) as connection:
        return _read(connection)


def is_up_to_date(database_url: str) -> bool:
    """Whether the database has the newest revision."""
    return current_revision(database_url) == newest_revision()


def _read(connection: Connection) -> str | None:
    # Alembic's own reading logs two lines every time, which is too much for what is asked once a second.
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _is_known(revision: str) -> bool:
    """Whether the revision is one of this version's; otherwise it is a newer version's."""
    try:
        ScriptDirectory.from_config(_alembic_config()).get_revision(revision)
    except CommandError:
        return False
    return True


def _alembic_config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connect(database_url: str) -> Iterator[Connection]:
    engine = make_engine(database_url, pool_size=1, statement_timeout=0)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
