"""Bringing a database to the newest revision, from the program itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.db.database import make_engine, parse_url

LOCK_TIMEOUT: Final = 60
"""Seconds to wait for another process that is migrating the same database."""
_LOCK_KEY: Final = 0x686176656E  # "haven"


def migrate(database_url: str) -> str:
    """Bring the database to the newest revision; all of it or nothing. Safe to run several times at once.

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
        config = _alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    return newest_revision()


def newest_revision() -> str:
    """The revision that this version of the program works with."""
    head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    if head is None:
        raise RuntimeError("app/db/migrations/versions holds no revision; the package is incomplete")
    return head


def current_revision(database_url: str) -> str | None:
    """The revision the database has; None where no migration ever ran."""
    with _connect(database_url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_up_to_date(database_url: str) -> bool:
    """Whether the database has the newest revision."""
    return current_revision(database_url) == newest_revision()


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
