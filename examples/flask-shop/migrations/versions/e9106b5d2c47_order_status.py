"""order status

Revision ID: e9106b5d2c47
Revises: 5ae83d7740fc
Create Date: 2026-01-20 08:55:12.960417

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "e9106b5d2c47"
down_revision = "5ae83d7740fc"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("status", sa.String(length=20), server_default="open", nullable=False))
        batch_op.create_index(batch_op.f("ix_orders_status"), ["status"], unique=False)
        batch_op.create_check_constraint(
            batch_op.f("ck_orders_status"), "status IN ('open', 'paid', 'shipped', 'cancelled')"
        )


def downgrade():
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_orders_status"), type_="check")
        batch_op.drop_index(batch_op.f("ix_orders_status"))
        batch_op.drop_column("status")
