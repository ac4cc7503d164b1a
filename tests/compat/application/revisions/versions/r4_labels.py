"""Labels, and work outside a transaction in which a test may end."""

from __future__ import annotations

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "r4"
down_revision = "r3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, leave the transaction, and die there, where the environment says so."""
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
    )
    with op.get_context().autocommit_block():
        if os.environ.get("SHOP_DIES_IN") == revision:
            os.kill(os.getpid(), signal.SIGKILL)
        if op.get_context().dialect.name == "postgresql":
            op.execute("CREATE INDEX CONCURRENTLY goods_shop ON goods (shop_id)")
        else:
            op.execute("ANALYZE")
    op.execute("INSERT INTO labels (id, name) VALUES (1, 'fresh')")


def downgrade() -> None:
    """Drop table and index."""
    op.drop_table("labels")
    op.execute("DROP INDEX IF EXISTS goods_shop")
