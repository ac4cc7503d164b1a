"""Shops, one of them there from the beginning."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its first row."""
    op.create_table(
        "shops",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
    )
    op.execute("INSERT INTO shops (id, name) VALUES (1, 'the first')")


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("shops")
