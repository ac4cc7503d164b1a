"""Tables to seed, files to seed from, and a unit of work that really begins and commits."""

from __future__ import annotations

import contextlib
import enum
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
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
    text,
)

from initdb.events.database import database_of
from initdb.events.knowledge import Knowledge, SeedRecord
from initdb.settings import Settings
from initdb.steps import seed
from initdb.steps.context import Application, Progress, StepContext
from initdb.steps.seeds.ledger import record
from initdb.steps.seeds.model import SeedSource

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
    """Stands for a process that dies: nothing of the open unit is kept."""


class RealUnit:
    """Begins and commits below the facade; its events are rows of the same transaction."""

    def __init__(self, dies_before_commit: int | None = None) -> None:
        self.dies_before_commit = dies_before_commit
        self.commits = 0

    def begin(self, connection: Connection) -> None:
        database_of(connection).begin(connection)

    def commit(self, connection: Connection, event: str, data: Mapping[str, Any]) -> None:
        if self.commits == self.dies_before_commit:
            raise Interrupted
        self.commits += 1
        statement = text("INSERT INTO told (type, data) VALUES (:type, :data)")
        connection.execute(statement, {"type": event, "data": json.dumps(data)})
        database_of(connection).commit(connection)

    def rollback(self, connection: Connection) -> None:
        database_of(connection).rollback(connection)

    @contextlib.contextmanager
    def open(self, connection: Connection) -> Iterator[None]:
        self.begin(connection)
        try:
            yield
        except BaseException:
            self.rollback(connection)
            raise


@contextlib.contextmanager
def work_on(engine: Engine) -> Iterator[Connection]:
    """A connection as steps get it: its facade in a transaction, its driver in none."""
    with engine.connect() as connection:
        database_of(connection).prepare(connection)
        connection.begin()
        yield connection


def make_tables(engine: Engine, models: MetaData = metadata) -> None:
    """Make the tables, and the one that the unit writes its events to."""
    with engine.begin() as connection:
        models.create_all(connection)
        connection.execute(text("CREATE TABLE told (type TEXT, data TEXT)"))


def empty_tables(engine: Engine) -> None:
    """Delete every row."""
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(text("DELETE FROM told"))


def told(engine: Engine) -> list[dict[str, Any]]:
    """What the events said, in their order."""
    with engine.connect() as connection:
        return [json.loads(data) for data in connection.execute(text("SELECT data FROM told")).scalars()]


def records(engine: Engine) -> dict[str, SeedRecord]:
    """The ledger that the events make."""
    found: dict[str, SeedRecord] = {}
    for data in told(engine):
        found[data["source"]] = record(found.get(data["source"]), data)
    return found


def seed_once(
    engine: Engine,
    *sources: SeedSource,
    batch_size: int = 1000,
    unit: RealUnit | None = None,
    models: MetaData | None = metadata,
    adopted: bool = False,
    settings: Settings | None = None,
) -> list[Progress]:
    """Run the step as a boot would, with the ledger as the events before left it; return its progress."""
    progress: list[Progress] = []
    with work_on(engine) as work:
        seed.run(
            StepContext(
                work=work,
                unit=unit or RealUnit(),
                application=Application(metadata=models, seeds=sources),
                settings=settings or Settings(batch_size=batch_size),
                knowledge=Knowledge(seeds=records(engine), adopted=adopted),
                engine=engine,
                report=progress.append,
            )
        )
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
