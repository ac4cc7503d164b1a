"""Tables to seed, files to seed from, and the step on a journal of its own."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from itertools import count as count_from
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Engine,
    Enum,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
)

from initdb.events.knowledge import SeedRecord
from initdb.settings import Settings
from initdb.steps import seed
from initdb.steps.context import Application, Progress
from initdb.steps.seeds.model import SeedSource
from tests.support.at_work import at_work, entries_of, knowledge_of

metadata = MetaData()


class Mood(enum.Enum):
    """An enumeration whose values differ from its names."""

    glad = 1
    sad = 2


roles = Table(
    "roles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False, unique=True),
    Column("label", Text),
    Column("rank", Integer, nullable=False, default=7, server_default="8"),
    CheckConstraint("rank >= 0", name="ck_rank"),
)
members = Table(
    "members",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tenant", String(20)),
    Column("email", String(80), nullable=False),
    Column("role_id", ForeignKey("roles.id")),
    UniqueConstraint("tenant", "email", name="uq_members"),
)
kinds = Table(
    "kinds",
    metadata,
    Column("code", String(40), primary_key=True),
    Column("flag", Boolean),
    Column("count", Integer),
    Column("price", Numeric(10, 2)),
    Column("ratio", Float),
    Column("day", Date),
    Column("moment", DateTime),
    Column("instant", DateTime(timezone=True)),
    Column("data", JSON),
    Column("blob", LargeBinary),
    Column("uid", Uuid),
    Column("mood", Enum(Mood)),
    Column("size", Enum("small", "large", name="size")),
)
loose = Table("loose", metadata, Column("id", Integer, primary_key=True), Column("note", Text))


class Interrupted(Exception):
    """Stands for a process that dies in the middle of a unit."""


def make_tables(engine: Engine, models: MetaData = metadata) -> None:
    """Make the tables."""
    with engine.begin() as connection:
        models.create_all(connection)


def empty_tables(engine: Engine) -> None:
    """Delete every row."""
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


def told(engine: Engine, source: str | None = None) -> list[Mapping[str, Any]]:
    """What the events of seeding said, in their order; of one source, or of all."""
    said = [entry.data for entry in entries_of(engine, "seed_batch_applied")]
    return [data for data in said if source in (None, data["source"])]


def records(engine: Engine) -> Mapping[str, SeedRecord]:
    """The ledger that the events make."""
    return knowledge_of(engine).seeds


def seed_once(
    engine: Engine,
    *sources: SeedSource,
    batch_size: int = 1000,
    models: MetaData | None = metadata,
    adopted: bool = False,
    settings: Settings | None = None,
    dies_before_commit: int | None = None,
    before_commit: Callable[[], None] = lambda: None,
) -> list[Progress]:
    """Run the step as a boot would; return its progress.

    dies_before_commit: the number of units, from 0, whose COMMIT is not reached.
    """
    progress: list[Progress] = []
    commits = count_from(0)

    def dies() -> None:
        if next(commits) == dies_before_commit:
            raise Interrupted
        before_commit()

    with at_work(
        engine,
        "unseeded",
        Application(metadata=models, seeds=sources),
        settings=settings or Settings(batch_size=batch_size),
        adopted=adopted,
        before_commit=dies,
        report=progress.append,
    ) as (ctx, _):
        seed.run(ctx)
    return progress


def stored(engine: Engine, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of a table, in the order of its primary key."""
    chosen = [table.columns[name] for name in columns] or list(table.columns)
    with engine.connect() as connection:
        return [
            tuple(row) for row in connection.execute(select(*chosen).order_by(*table.primary_key.columns))
        ]


def count(engine: Engine, table: Table) -> int:
    """The number of rows."""
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def write(folder: Path, **files: str) -> Path:
    """Write files, their names with `__` for the dot: `_01_roles__csv`."""
    for name, content in files.items():
        (folder / name.lstrip("_").replace("__", ".")).write_text(content, encoding="utf-8", newline="")
    return folder
