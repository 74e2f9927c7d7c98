"""Alembic's revisions, run by ``app.db.migrate``."""
