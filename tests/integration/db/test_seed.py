import pytest
from sqlalchemy import func, select

from app.db.database import Database
from app.db.migrate import migrate
from app.db.models import User
from app.db.passwords import verify_password
from app.db.seed import PASSWORD, seed
from app.example.models import Post, Product


def test_the_data_is_put_in_once(database_url: str) -> None:
    migrate(database_url)
    db = Database(database_url)

    assert [seed(db), seed(db)] == [True, False]

    with db.session() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (User, Post, Product)]
        ada = session.scalars(select(User).where(User.email == "ada@example.com")).one()
    db.close()
    assert counts == [10, 30, 20]
    assert verify_password(ada.password_hash, PASSWORD)


@pytest.mark.parametrize("operators", [False, True])
def test_ada_is_an_operator_where_that_is_asked_for_and_nobody_else(database_url: str, *, operators: bool) -> None:
    migrate(database_url)
    db = Database(database_url)
    seed(db, operators=operators)
    with db.session() as session:
        found = session.scalars(select(User.email).where(User.operator)).all()
    db.close()
    assert found == (["ada@example.com"] if operators else [])
