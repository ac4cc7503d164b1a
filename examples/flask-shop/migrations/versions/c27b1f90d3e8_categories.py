"""categories

Revision ID: c27b1f90d3e8
Revises: 81d4e6c05a9b
Create Date: 2025-10-01 09:02:31.774120

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "c27b1f90d3e8"
down_revision = "81d4e6c05a9b"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "categories",
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_categories")),
        sa.UniqueConstraint("name", name=op.f("uq_categories_name")),
    )
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.add_column(sa.Column("category_slug", sa.String(length=40), nullable=True))
        batch_op.create_index(batch_op.f("ix_products_category_slug"), ["category_slug"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_products_category_slug_categories"), "categories", ["category_slug"], ["slug"]
        )


def downgrade():
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_products_category_slug_categories"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_products_category_slug"))
        batch_op.drop_column("category_slug")

    op.drop_table("categories")
