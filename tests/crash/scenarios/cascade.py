"""A table changed in batch mode, which SQLite rebuilds, while others refer to it with ON DELETE CASCADE."""

from __future__ import annotations

from tests.crash.scenario import Scenario
from tests.support.toy import Toy

ENFORCED = """
from alembic import context
from sqlalchemy import create_engine, event, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)


if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def enforce(connection, record):
        connection.execute("PRAGMA foreign_keys = ON")


with engine.connect() as connection:
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"""

TABLES = """
    op.create_table("parent", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(9)))
    op.create_table("child", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id", ondelete="CASCADE"), nullable=False))
    op.execute("INSERT INTO parent VALUES (1, 'one'), (2, 'two')")
    op.execute("INSERT INTO child VALUES (1, 1), (2, 1), (3, 2)")"""

REBUILD = """
    with op.batch_alter_table("parent") as batch:
        batch.alter_column("name", type_=sa.String(40), nullable=False)"""


class Enforcing(Toy):
    """An application whose connections enforce foreign keys, without models."""

    def metadata(self):  # type: ignore[no-untyped-def]
        """None: the revisions alone say what there is."""


def _write(toy: Toy) -> None:
    toy.with_revisions(0)
    (toy.migrations / "env.py").write_text(ENFORCED)
    toy.revision(1, TABLES)
    toy.revision(2, REBUILD)


CASCADE = Scenario(
    "cascade",
    "a batch change (on SQLite a rebuild) of a table whose rows others refer to with ON DELETE CASCADE",
    Enforcing,
    _write,
    truth={"SELECT id, parent_id FROM child": [(1, 1), (2, 1), (3, 2)]},
    small=True,
)
