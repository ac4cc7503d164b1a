"""A small application: models, an Alembic directory with its own env.py, seeds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, Integer, MetaData, NullPool, String, Table, create_engine

from initdb.events.entry import Entry
from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.site import Watcher

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

config = context.config

def run():
    engine = create_engine(config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection{options})
        with context.begin_transaction():
            context.run_migrations()

run()
"""

REVISION = '''"""{doc}"""
import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {down!r}
branch_labels = None
depends_on = None

def upgrade():
{up}

def downgrade():
{down_body}
'''


def table_up(number: int) -> str:
    """The body of an upgrade that makes table t<number> with a first row."""
    return (
        f'    op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True),'
        ' sa.Column("name", sa.String(40), nullable=False, unique=True))\n'
        f"    op.execute(\"INSERT INTO t{number} (id, name) VALUES (1, 'first of t{number}')\")"
    )


@dataclass
class Toy:
    """An application in `folder` on the database of `url`."""

    folder: Path
    url: str
    tables: int = 3
    options: dict[str, Any] = field(default_factory=dict)
    env_options: str = ""

    @property
    def migrations(self) -> Path:
        return self.folder / "alembic"

    @property
    def seeds(self) -> Path:
        return self.folder / "seeds"

    def metadata(self) -> MetaData:
        """The models at as many tables as the application has now."""
        metadata = MetaData()
        for number in range(1, self.tables + 1):
            Table(
                f"t{number}",
                metadata,
                Column("id", Integer, primary_key=True),
                Column("name", String(40), nullable=False, unique=True),
            )
        return metadata

    def with_revisions(self, count: int | None = None) -> Toy:
        """Write env.py and one revision a table."""
        (self.migrations / "versions").mkdir(parents=True, exist_ok=True)
        (self.migrations / "env.py").write_text(ENV.format(options=self.env_options))
        for number in range(1, (self.tables if count is None else count) + 1):
            self.revision(number, table_up(number), f'    op.drop_table("t{number}")')
        return self

    def revision(self, number: int, up: str, down: str = "    pass", doc: str = "") -> Path:
        """Write revision r<number>, which follows r<number - 1>."""
        path = self.migrations / "versions" / f"{number:03d}_r{number}.py"
        text = REVISION.format(
            doc=doc or f"make t{number}",
            name=f"r{number}",
            down=f"r{number - 1}" if number > 1 else None,
            up=up,
            down_body=down,
        )
        path.write_text(text)
        return path

    def with_seeds(self, rows: int = 5, table: str = "t1") -> Toy:
        """Write a CSV of `rows` rows for `table`."""
        self.seeds.mkdir(parents=True, exist_ok=True)
        lines = ["id,name", *(f"{100 + n},seed {n}" for n in range(rows))]
        (self.seeds / f"10_{table}.csv").write_text("\n".join(lines) + "\n")
        return self

    def initializer(self, watch: Callable[[Entry], None] | None = None, **options: Any) -> Initializer:
        """A process of this application, as its files are now."""
        models = self.metadata()
        source = {"schema_from": "models"} if models is not None else {}
        chosen = {"database_url": self.url, **source, **self.options, **options}
        settings = load_settings(folder=self.folder, environ={}, options=chosen)
        return Initializer(
            metadata=models,
            migrations=self.migrations if self.migrations.exists() else None,
            seeds=self.seeds if self.seeds.exists() else None,
            name="toy",
            settings=settings,
            watcher=Watcher(entry=watch) if watch else None,
        )

    def engine(self) -> Engine:
        return _engine(self.url)

    def sql(self, *statements: str) -> list[Sequence[Any]]:
        """Run statements as a person would, and give the last one's rows."""
        rows: list[Sequence[Any]] = []
        with self.engine().begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def types(self) -> list[str]:
        """The types of the journal's events, in order."""
        return [entry.type for entry in self.initializer().entries()]


@functools.lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    """One for all connections: an engine that first connects asks the server for its version and settings."""
    return create_engine(url, poolclass=NullPool)


__all__ = ["ENV", "Toy", "table_up"]


def migrated(folder: Path, url: str) -> Toy:
    """Three revisions that make a table each, one seed file; nothing done yet."""
    return Toy(folder, url, options={"schema_from": "migrations"}).with_revisions().with_seeds()
