"""prices in cents

Revision ID: 5ae83d7740fc
Revises: c27b1f90d3e8
Create Date: 2025-11-18 13:27:45.003871

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "5ae83d7740fc"
down_revision = "c27b1f90d3e8"
branch_labels = None
depends_on = None

products = sa.table(
    "products",
    sa.column("price", sa.Numeric(10, 2)),
    sa.column("price_cents", sa.Integer),
)


def upgrade():
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.add_column(sa.Column("price_cents", sa.Integer(), nullable=True))

    cents = sa.cast(sa.func.round(products.c.price * 100), sa.Integer)
    op.execute(products.update().values(price_cents=cents))

    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.alter_column("price_cents", existing_type=sa.Integer(), nullable=False)
        batch_op.create_check_constraint(batch_op.f("ck_products_price_cents"), "price_cents >= 0")
        batch_op.drop_column("price")


def downgrade():
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.add_column(sa.Column("price", sa.Numeric(precision=10, scale=2), nullable=True))

    euros = sa.cast(products.c.price_cents, sa.Numeric(10, 2)) / 100
    op.execute(products.update().values(price=euros))

    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.alter_column("price", existing_type=sa.Numeric(precision=10, scale=2), nullable=False)
        batch_op.drop_constraint(batch_op.f("ck_products_price_cents"), type_="check")
        batch_op.drop_column("price_cents")
