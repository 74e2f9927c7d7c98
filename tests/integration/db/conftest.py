from tests.integration.db.fixtures import database_url, postgres, sqlite_url

__all__ = ["database_url", "postgres", "sqlite_url"]
