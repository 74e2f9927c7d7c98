import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select
from sqlalchemy.exc import OperationalError

from app.db import migrate as module
from app.db.database import Database
from app.db.migrate import (
    await_schema,
    current_revision,
    is_up_to_date,
    migrate,
    migrate_patiently,
    newest_revision,
)
from app.db.models import Base, User
from app.errors import SchemaError

AWAY = "postgresql://haven@127.0.0.1:1/haven"


def test_an_empty_database_is_brought_to_the_newest_revision(database_url: str) -> None:
    assert current_revision(database_url) is None
    assert not is_up_to_date(database_url)

    assert migrate(database_url) == newest_revision()

    assert is_up_to_date(database_url)


def test_migrating_again_changes_nothing(database_url: str) -> None:
    migrate(database_url)

    assert migrate(database_url) == newest_revision()


def test_the_migrations_make_what_the_models_describe(database_url: str) -> None:
    migrate(database_url)
    db = Database(database_url)
    try:
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
            checks = {check["name"] for check in inspect(connection).get_check_constraints("products")}
    finally:
        db.close()
    assert checks == {"ck_products_price_not_negative", "ck_products_stock_not_negative"}


# Loaded and waiting, so that all of them begin at the same moment.
_WAITING = """
import sys
from app.db.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate({url!r})
"""


def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", _WAITING.format(url=database_url)]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                )
            )
            for _ in range(4)
        ]
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        ends = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]

    assert ends == [("", 0)] * 4
    assert is_up_to_date(database_url)


def test_a_failed_migration_leaves_nothing_behind(database_url: str) -> None:
    db = Database(database_url)
    try:
        with db.session() as session:
            session.connection().exec_driver_sql("CREATE TABLE posts (id INTEGER)")
        with pytest.raises(Exception, match="posts"):
            migrate(database_url)
        with db.engine.connect() as connection:
            tables = inspect(connection).get_table_names()
    finally:
        db.close()
    assert tables == ["posts"]


def test_a_database_that_is_away_is_reported(sqlite_url: str) -> None:
    del sqlite_url
    with pytest.raises(OperationalError):
        migrate(AWAY)


def stamp(database_url: str, revision: str) -> None:
    db = Database(database_url)
    with db.session() as session:
        session.connection().exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608
    db.close()


def test_a_newer_versions_database_is_left_as_it_is_and_good_enough(database_url: str) -> None:
    migrate(database_url)
    stamp(database_url, "9999")

    assert migrate(database_url) == "9999"
    assert await_schema(database_url, 0) == "9999"


def test_waiting_for_the_schema_changes_nothing_and_says_what_it_waits_for(database_url: str) -> None:
    with pytest.raises(SchemaError, match="at revision none, this version works with"):
        await_schema(database_url, 0)
    assert current_revision(database_url) is None


def test_waiting_ends_when_somebody_has_migrated(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.2)
    later = threading.Timer(0.5, migrate, [database_url])
    later.start()

    assert await_schema(database_url, 30) == newest_revision()

    later.join()


def test_patience_with_a_database_that_is_away_ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.05)
    started = time.monotonic()
    for step in (migrate_patiently, await_schema):
        with pytest.raises(SchemaError, match=r"refused.*correct DATABASE_URL, or start the database"):
            step(AWAY, 0.3)
    assert time.monotonic() - started >= 0.4


def test_nobody_becomes_an_operator_by_the_migration_and_the_version_before_can_write(database_url: str) -> None:
    migrate(database_url)
    db = Database(database_url)
    with db.session() as session:  # as the version before does, which does not know the column
        session.connection().exec_driver_sql(
            "INSERT INTO users (name, email, password_hash, created_at) VALUES ('A', 'a@b', 'x', '2026-01-01')"
        )
    with db.session() as session:
        assert session.scalar(select(User.operator)) is False
    db.close()
