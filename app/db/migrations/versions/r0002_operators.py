"""Who may see the operations page."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nobody is an operator until somebody is made one; the version before goes on working with this schema."""
    op.add_column("users", sa.Column("operator", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Forget who was."""
    with op.batch_alter_table("users") as table:
        table.drop_column("operator")
