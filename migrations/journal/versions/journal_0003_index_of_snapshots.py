"""One index that finds the last event of a type, in place of that of the type alone."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the index."""
    schema = op.get_context().version_table_schema
    at = '"' + schema.replace('"', '""').replace(":", "\\:") + '".' if schema else ""
    op.execute(f"DROP INDEX IF EXISTS {at}init_journal_type")
    if op.get_context().dialect.name == "sqlite":
        op.execute(f"CREATE INDEX {at}init_journal_type_seq ON init_journal (type, seq)")
    else:
        op.execute(f"CREATE INDEX init_journal_type_seq ON {at}init_journal (type, seq)")


def downgrade() -> None:
    """Refuse: a journal is never downgraded."""
    raise NotImplementedError
