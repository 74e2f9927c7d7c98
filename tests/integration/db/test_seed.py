from sqlalchemy import func, select

from app.db.database import Database
from app.db.migrate import migrate
from app.db.models import Post, Product, User
from app.db.passwords import verify_password
from app.db.seed import PASSWORD, seed


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
