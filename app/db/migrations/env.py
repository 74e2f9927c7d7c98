"""Alembic runs this file; ``app.db.migrate`` hands it the connection, inside a transaction."""

from alembic import context

import app.example.models  # noqa: F401 - its tables belong to the metadata
from app.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter most columns in place; Alembic then copies the table.
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
