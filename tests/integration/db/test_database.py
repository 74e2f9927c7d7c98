import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from app.db import database as module
from app.db.database import Database, make_engine
from app.db.migrate import migrate
from app.db.models import MAX_ID, User
from app.example.models import Message, Post, Product
from tests.integration.db.postgres import PostgresServer


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    migrate(database_url)
    database = Database(database_url)
    yield database
    database.close()


def _user(email: str = "ada@example.com") -> User:
    return User(name="Ada", email=email, password_hash="-")


def test_a_block_that_ends_is_kept_and_one_that_raises_is_not(db: Database) -> None:
    def fail_after_writing() -> None:
        with db.session() as session:
            session.add(_user("grace@example.com"))
            session.flush()
            raise RuntimeError

    with db.session() as session:
        session.add(_user())
    with pytest.raises(RuntimeError):
        fail_after_writing()

    with db.session() as session:
        emails = session.scalars(select(User.email)).all()
    assert emails == ["ada@example.com"]


def test_moments_come_back_in_utc(db: Database) -> None:
    user = _user()
    with db.session() as session:
        session.add(user)
    with db.session() as session:
        stored = session.get_one(User, user.id)
    assert stored.created_at == user.created_at
    assert str(stored.created_at.tzinfo) == "UTC"


def test_posts_and_messages_go_with_their_user(db: Database) -> None:
    ada, grace = _user(), _user("grace@example.com")
    with db.session() as session:
        session.add_all([ada, grace])
        session.flush()
        session.add(Post(user_id=ada.id, title="t", body="b"))
        session.add(Message(sender_id=grace.id, receiver_id=ada.id, body="b"))
    with db.session() as session:
        session.delete(session.get_one(User, ada.id))
    with db.session() as session:
        left = [*session.scalars(select(Post)), *session.scalars(select(Message))]
    assert left == []


def test_an_address_is_used_once(db: Database) -> None:
    with pytest.raises(IntegrityError), db.session() as session:
        session.add_all([_user(), _user()])


def test_a_reference_to_nobody_is_refused(db: Database) -> None:
    with pytest.raises(IntegrityError), db.session() as session:
        session.add(Post(user_id=12345, title="t", body="b"))


@pytest.mark.parametrize("field", ["price_cents", "stock"])
def test_prices_and_stock_are_not_negative(db: Database, field: str) -> None:
    values = {"price_cents": 1, "stock": 1} | {field: -1}
    with pytest.raises(IntegrityError), db.session() as session:
        session.add(Product(name="Rope", **values))


def test_ids_use_all_64_bits(db: Database) -> None:
    user = _user()
    user.id = MAX_ID
    with db.session() as session:
        session.add(user)
    with db.session() as session:
        assert session.get_one(User, MAX_ID).email == user.email


def test_of_two_editors_at_once_only_one_gets_through(db: Database) -> None:
    product = Product(name="Rope", price_cents=1, stock=1)
    with db.session() as session:
        session.add(product)

    def edit_for_long() -> None:
        with db.session() as slow:
            seen = slow.get_one(Product, product.id)
            with db.session() as quick:
                quick.get_one(Product, product.id).stock = 5
            seen.stock = 7

    with pytest.raises(StaleDataError):
        edit_for_long()

    with db.session() as session:
        kept = session.get_one(Product, product.id)
    assert (kept.stock, kept.version) == (5, 2)


def test_a_single_statement_leaves_no_lock_behind(db: Database) -> None:
    product = Product(name="Rope", price_cents=1, stock=1)
    with db.session() as session:
        session.add(product)
    with db.session(single=True) as slow:
        slow.execute(update(Product).values(stock=2))
        with db.session() as quick:
            quick.get_one(Product, product.id).stock += 5
    with db.session() as session:
        assert session.get_one(Product, product.id).stock == 7


def test_threads_write_at_once(db: Database) -> None:
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(5):
                with db.session() as session:
                    session.add(_user(f"{number}-{turn}@example.com"))
        except BaseException as failure:  # noqa: BLE001 - told to the test below
            failures.append(failure)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with db.session() as session:
        count = len(session.scalars(select(User.id)).all())
    assert (failures, count) == ([], 40)


def test_a_forked_child_opens_its_own_connections(db: Database) -> None:
    with db.session() as session:
        session.add(_user())
        session.flush()  # the parent is in the middle of a transaction, on a connection of its own
        engine = db.engine
        child = os.fork()
        if child == 0:
            try:
                with db.session() as own:
                    own.execute(text("SELECT 1"))
                os._exit(0 if db.engine is not engine else 3)
            except BaseException:  # noqa: BLE001 - a child must not run on into pytest
                os._exit(4)
        _, status = os.waitpid(child, 0)
    with db.session() as session:
        kept = session.scalars(select(User.email)).all()
    assert (os.waitstatus_to_exitcode(status), kept) == (0, ["ada@example.com"])


def test_it_can_be_used_again_after_closing(db: Database) -> None:
    db.close()
    with db.session() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_new_sqlite_file_that_another_process_is_writing_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/haven.db"
    other = sqlite3.connect(tmp_path / "haven.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE things (id INTEGER)")
    end = threading.Timer(0.3, other.execute, ["COMMIT"])
    end.start()
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            mode = connection.scalar(text("PRAGMA journal_mode"))
    finally:
        engine.dispose()
        end.join()
        other.close()
    assert mode == "wal"


def test_a_sqlite_file_that_stays_locked_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STATEMENT_TIMEOUT", 0)
    other = sqlite3.connect(tmp_path / "haven.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    engine = make_engine(f"sqlite:///{tmp_path}/haven.db", pool_size=1)
    try:
        with pytest.raises(OperationalError, match="locked"):
            engine.connect()
    finally:
        engine.dispose()
        other.close()


def test_a_statement_without_end_is_ended(postgres: PostgresServer) -> None:
    engine = make_engine(postgres.create_database(), pool_size=1, statement_timeout=1)
    with pytest.raises(OperationalError, match="statement timeout"), engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    engine.dispose()


def test_a_database_without_an_encoding_gives_text_and_not_bytes(postgres: PostgresServer) -> None:
    url = postgres.create_database(
        "template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
    )  # as initdb makes it where LANG is not set
    migrate(url)
    db = Database(url)
    with db.session() as session:
        session.add(User(name="Ada Lövelace", email="ada@example.com", password_hash="x"))
    with db.session() as session:
        assert session.scalar(select(User.name)) == "Ada Lövelace"
    db.close()
