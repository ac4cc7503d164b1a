"""Prices: a column, and a change of rows that shows when it is made twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r3"
down_revision = "r2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and fill it."""
    op.add_column("goods", sa.Column("price", sa.Integer))
    op.execute("UPDATE goods SET price = coalesce(price, 0) + 3")


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("goods", "price")
