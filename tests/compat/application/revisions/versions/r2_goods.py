"""Goods, in a transaction that a test may end."""

from __future__ import annotations

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "r2"
down_revision = "r1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and a row; then die or fail, where the environment says so."""
    op.create_table(
        "goods",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("shop_id", sa.Integer, sa.ForeignKey("shops.id"), nullable=False),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
    )
    op.execute("INSERT INTO goods (id, shop_id, name) VALUES (1, 1, 'bread')")
    if os.environ.get("SHOP_DIES_IN") == revision:
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get("SHOP_FAILS_IN") == revision:
        raise RuntimeError("there is no bread today")


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("goods")
