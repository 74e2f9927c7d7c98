"""The relational database of the example application: SQLite by default, PostgreSQL in production."""

from app.db.database import Database

__all__ = ["Database"]
