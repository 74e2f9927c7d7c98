import pytest

from app.db.database import Database, parse_url
from app.errors import ConfigError


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_postgresql_is_reached_through_psycopg_3(scheme: str) -> None:
    assert parse_url(f"{scheme}://ada:secret@db.example.com/haven").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "not a database URL"),
        ("nonsense", "not a database URL"),
        ("postgresql://ada:secret@host:port/haven", "not a database URL"),
        ("mysql://ada:secret@host/haven", "mysql"),
        ("sqlite://", "in-memory"),
        ("sqlite:///:memory:", "in-memory"),
    ],
)
def test_a_wrong_url_says_the_remedy_and_no_password(url: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word) as refused:
        Database(url)
    assert "secret" not in str(refused.value)


def test_nothing_is_opened_at_construction(tmp_path: object) -> None:
    Database(f"sqlite:///{tmp_path}/missing/haven.db").close()
    Database("postgresql://ada@127.0.0.1:1/haven").close()
