"""The hash of the models: it differs wherever their DDL does, and is the same in every process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from initdb.steps.survey import models_digest as module
from initdb.steps.survey.models_digest import models_digest

DIALECTS = [postgresql.dialect(), sqlite.dialect()]

TYPES: list[Any] = [
    sa.Integer, sa.BigInteger, sa.SmallInteger, sa.Text, sa.Date, sa.Boolean, sa.JSON, sa.Uuid,
    sa.LargeBinary,
    lambda: sa.String(40), lambda: sa.String(41), lambda: sa.String(40, collation="C"),
    lambda: sa.DateTime(timezone=True), sa.DateTime, lambda: sa.Numeric(10, 2), lambda: sa.Numeric(10, 3),
    lambda: sa.Float(24), sa.Float, lambda: sa.Boolean(create_constraint=True, name="b"),
    lambda: sa.Enum("a", "b", name="e"), lambda: sa.Enum("a", "c", name="e"),
    lambda: sa.Enum("a", "b", name="e", native_enum=False), lambda: sa.Enum("a", "b", name="f"),
    lambda: sa.String(40).with_variant(sa.Text(), "sqlite"), lambda: sa.Uuid(native_uuid=False),
    lambda: sa.ARRAY(sa.Integer), postgresql.JSONB, sa.Interval,
]  # fmt: skip

ARGUMENTS: list[dict[str, object]] = [
    {}, {"nullable": False}, {"unique": True}, {"index": True}, {"server_default": "1"},
    {"server_default": "2"}, {"server_default": sa.text("1")}, {"server_default": sa.func.now()},
    {"default": 5}, {"default": sa.Sequence("s")}, {"quote": True}, {"comment": "a comment"},
    {"sqlite_on_conflict_not_null": "FAIL", "nullable": False}, {"autoincrement": True},
]  # fmt: skip

EXTRAS: list[Callable[[], tuple[sa.schema.SchemaItem, ...]]] = [
    tuple,
    lambda: (sa.CheckConstraint("a > 1", name="k"),),
    lambda: (sa.CheckConstraint("a > 2", name="k"),),
    lambda: (sa.CheckConstraint(sa.column("a") > 1),),
    lambda: (sa.UniqueConstraint("a", "b", name="u"),),
    lambda: (sa.UniqueConstraint("b", "a", name="u"),),
    lambda: (sa.UniqueConstraint("a", "b", name="u", deferrable=True),),
    lambda: (sa.Index("i", "a"),),
    lambda: (sa.Index("i", "a", unique=True),),
    lambda: (sa.Index("i", "a", "b"),),
    lambda: (sa.Index("i", "a", postgresql_where=sa.text("a > 1"), sqlite_where=sa.text("a > 1")),),
    lambda: (sa.Index("i", sa.text("lower(b)")),),
    lambda: (sa.ForeignKeyConstraint(["a"], ["other.id"], name="f"),),
    lambda: (sa.ForeignKeyConstraint(["a"], ["other.id"], name="f", ondelete="CASCADE"),),
    lambda: (sa.ForeignKeyConstraint(["a"], ["another.id"], name="f"),),
]

CONVENTIONS: list[dict[str, object] | None] = [
    None,
    {"ix": "index_%(column_0_label)s"},
    {"ix": "ix_%(column_0_label)s", "pk": "key_%(table_name)s"},
]


@st.composite
def models(draw: st.DrawFn) -> Callable[[], sa.MetaData]:
    """Makes models: the same ones, each time that it is called."""
    kind, given_, extra, convention = (draw(st.integers(0, 99)) for _ in range(4))
    names = draw(st.sampled_from([("a", "b"), ("a", "b", "c"), ("b", "a"), ("a", "B")]))
    options = draw(
        st.sampled_from([{}, {"sqlite_autoincrement": True}, {"prefixes": ["UNLOGGED"]}, {"schema": "s"}])
    )

    def made() -> sa.MetaData:
        metadata = sa.MetaData(naming_convention=CONVENTIONS[convention % len(CONVENTIONS)])
        for other in ("other", "another"):
            sa.Table(other, metadata, sa.Column("id", sa.Integer, primary_key=True))
        first = sa.Column("id", sa.Integer, primary_key=True)
        rest = [
            sa.Column(
                name,
                TYPES[(kind + 5 * number) % len(TYPES)](),
                **ARGUMENTS[(given_ + number) % len(ARGUMENTS)],
            )  # type: ignore[arg-type]
            for number, name in enumerate(names)
        ]
        items = EXTRAS[extra % len(EXTRAS)]() if {"a", "b"} <= {*names} else ()
        sa.Table("t", metadata, first, *rest, *items, **options)
        return metadata

    return made


def ddl(metadata: sa.MetaData, dialect: sa.Dialect) -> str:
    """The statements that make the models, in an order of their own."""
    said: list[str] = []
    for _, table in sorted(metadata.tables.items()):
        try:
            made = str(CreateTable(table).compile(dialect=dialect))
            said.append("\n".join(sorted(line.strip(" ,\t") for line in made.splitlines())))
            said += sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
        except sa.exc.CompileError:
            said += [f"{c.name} {c.type!r} {c.nullable} {c.primary_key}" for c in table.columns]
    return "\n".join(said)


@settings(deadline=None, max_examples=60)
@given(models(), models(), st.sampled_from(DIALECTS))
def test_other_ddl_is_another_hash(
    one: Callable[[], sa.MetaData], other: Callable[[], sa.MetaData], dialect: sa.Dialect
) -> None:
    """And the same models have the same one, also after their DDL was compiled."""
    first, second = one(), other()
    if ddl(first, dialect) != ddl(second, dialect):
        assert models_digest(one(), dialect) != models_digest(other(), dialect)
    assert models_digest(first, dialect) == models_digest(one(), dialect)
    assert models_digest(second, dialect) == models_digest(other(), dialect)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_each_type_tells_itself_from_the_others(dialect: sa.Dialect) -> None:
    """Types with one hash have one DDL."""
    found: dict[str, str] = {}
    for type_ in TYPES:
        metadata = sa.MetaData()
        sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", type_()))
        said = ddl(metadata, dialect)
        assert found.setdefault(models_digest(metadata, dialect), said) == said


@pytest.fixture
def hooks() -> Iterator[None]:
    """What the test does to classes of SQLAlchemy is undone."""
    names = ("_compiler_dispatcher", "_compiler_dispatch", "_original_compiler_dispatch")
    kinds = (sa.Text, CreateColumn)
    before = {kind: {name: kind.__dict__[name] for name in names if name in kind.__dict__} for kind in kinds}
    module._getters.clear()
    yield
    for kind, kept in before.items():
        for name in names:
            if name in kept:
                setattr(kind, name, kept[name])
            elif name in kind.__dict__:
                delattr(kind, name)
    module._getters.clear()


@pytest.mark.parametrize("kind", [sa.Text, CreateColumn])
def test_ddl_that_is_compiled_in_another_way(hooks: None, kind: type) -> None:
    """A hook of `sqlalchemy.ext.compiler` counts, for a type and for columns."""
    metadata, dialect = sa.MetaData(), sqlite.dialect()
    sa.Table("t", metadata, sa.Column("a", sa.Text))
    before = models_digest(metadata, dialect)

    @compiles(kind)
    def changed(element: object, compiler: object, **options: object) -> str:
        return "a TEXT COLLATE NOCASE" if kind is CreateColumn else "TEXT COLLATE NOCASE"

    module._getters.clear()  # another process
    assert models_digest(metadata, dialect) != before


def test_mapped_classes() -> None:
    """A table of a mapped class is the same as one that is written out."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str | None] = mapped_column(sa.String(40), unique=True)

    metadata, dialect = sa.MetaData(), sqlite.dialect()
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40), unique=True))
    sa.Table("users", metadata, *columns)
    assert models_digest(Base.metadata, dialect) == models_digest(metadata, dialect)


def test_an_own_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code says what the column is."""

    class Money(sa.types.UserDefinedType[int]):
        cache_ok = True
        text = "MONEY"

        def get_col_spec(self, **options: object) -> str:
            return self.text

    metadata, dialect = sa.MetaData(), sqlite.dialect()
    sa.Table("t", metadata, sa.Column("a", Money))
    before = models_digest(metadata, dialect)
    monkeypatch.setattr(Money, "text", "NUMERIC")
    assert models_digest(metadata, dialect) != before


PRINT = """
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from initdb.steps.survey.models_digest import models_digest
m = sa.MetaData()
sa.Table("o", m, sa.Column("id", sa.Integer, primary_key=True))
sa.Table(
    "t", m, sa.Column("id", sa.Integer, primary_key=True), sa.Column("e", sa.Enum("x", "y", name="e")),
    sa.Column("a", sa.String(5), sa.ForeignKey("o.id"), unique=True, index=True),
    sa.Column("b", sa.Numeric(5, 2), server_default="0"),
    sa.UniqueConstraint("a", "b"), sa.UniqueConstraint("b", "e"), sa.CheckConstraint("b > 0"),
    sa.Index("i", "a", "b"),
)
copy = sa.MetaData()
for table in m.tables.values():
    table.to_metadata(copy)
print(models_digest(m, sqlite.dialect()), models_digest(copy, sqlite.dialect()))
"""


def test_every_process_comes_to_the_same() -> None:
    """Whatever the order in which its sets are walked."""
    said = {
        subprocess.run(
            [sys.executable, "-c", PRINT],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
