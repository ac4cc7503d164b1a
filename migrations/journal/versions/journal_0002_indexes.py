"""Indexes that find the events of one run or one type in a long journal."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both indexes."""
    schema = op.get_context().version_table_schema
    at = '"' + schema.replace('"', '""').replace(":", "\\:") + '".' if schema else ""
    for column in ("run", "type"):
        if op.get_context().dialect.name == "sqlite":
            op.execute(f"CREATE INDEX {at}init_journal_{column} ON init_journal ({column})")
        else:
            op.execute(f"CREATE INDEX init_journal_{column} ON {at}init_journal ({column})")


def downgrade() -> None:
    """Refuse: a journal is never downgraded."""
    raise NotImplementedError
