"""Models with every kind of column, constraint and index that a comparison could get wrong."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import (
    ARRAY,
    CHAR,
    DECIMAL,
    JSON,
    UUID,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    PickleType,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    TypeDecorator,
    Unicode,
    UnicodeText,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects import postgresql as pg


class Color(enum.Enum):
    """An enumeration of Python's."""

    red = 1
    green = 2


class Url(TypeDecorator[str]):
    """Decorates a string."""

    impl = String(300)
    cache_ok = True


class Document(TypeDecorator[Any]):
    """Another type on each database."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        """Binary JSON where the database has it."""
        return dialect.type_descriptor(pg.JSONB() if dialect.name == "postgresql" else Text())


def wide() -> MetaData:
    """For both databases."""
    metadata = MetaData()
    Table(
        "team",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(50), nullable=False, unique=True),
        Column("code", String, index=True, unique=True),
    )
    _types(metadata)
    _rules(metadata)
    Table(
        "c1", metadata, Column("id", Integer, primary_key=True), Column("o", ForeignKey("c2.id", name="f1"))
    )
    Table(
        "c2", metadata, Column("id", Integer, primary_key=True), Column("o", ForeignKey("c1.id", name="f2"))
    )
    Table("no_key", metadata, Column("a", Integer))
    Table("auto", metadata, Column("id", Integer, primary_key=True), sqlite_autoincrement=True)
    Table("without_rowid", metadata, Column("id", String(5), primary_key=True), sqlite_with_rowid=False)
    return metadata


def _types(metadata: MetaData) -> None:
    Table(
        "types",
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("small", SmallInteger),
        Column("big", BigInteger),
        Column("float", Float),
        Column("float53", Float(53)),
        Column("float24", Float(24)),
        Column("double", Double),
        Column("numeric", Numeric(10, 2)),
        Column("decimal", DECIMAL),
        Column("string", String),
        Column("string10", String(10)),
        Column("unicode", Unicode(20)),
        Column("char3", CHAR(3)),
        Column("text", Text),
        Column("unicode_text", UnicodeText),
        Column("bool", Boolean),
        Column("bool_checked", Boolean(create_constraint=True)),
        Column("bool_named", Boolean(create_constraint=True, name="bool_named_check")),
        Column("date", Date),
        Column("datetime", DateTime),
        Column("datetime_zone", DateTime(timezone=True)),
        Column("time", Time),
        Column("time_zone", Time(timezone=True)),
        Column("interval", Interval),
        Column("binary", LargeBinary),
        Column("pickle", PickleType),
        Column("json", JSON),
        Column("jsonb", JSON().with_variant(pg.JSONB, "postgresql")),
        Column("uuid", Uuid),
        Column("uuid_text", Uuid(native_uuid=False)),
        Column("uuid_upper", UUID),
        Column("enum", Enum("a", "b", name="enum_ab")),
        Column("enum_python", Enum(Color)),
        Column("enum_text", Enum("x", "y", native_enum=False)),
        Column("enum_checked", Enum("x", "y", native_enum=False, create_constraint=True, name="enum_check")),
        Column("url", Url),
        Column("document", Document),
        Column("Mixed Case", Integer, nullable=False, server_default="1"),
        Column("computed", Integer, Computed("small + 1", persisted=True)),
        Column("now", DateTime, server_default=func.now(), nullable=False),
    )


def _rules(metadata: MetaData) -> None:
    partial: dict[str, Any] = {"postgresql_where": text("a > 3"), "sqlite_where": text("a > 3")}
    Table(
        "pair",
        metadata,
        Column("a", Integer, primary_key=True),
        Column("b", Integer, primary_key=True),
        UniqueConstraint("b", "a"),
    )
    Table(
        "rules",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("a", Integer, CheckConstraint("a > 0")),
        Column("b", Integer, CheckConstraint("b > 0", name="b_check")),
        Column("s", String(20)),
        Column("D d", Date),
        Column("team", ForeignKey("team.id", ondelete="SET NULL")),
        Column("team_name", ForeignKey("team.name", name="fk_team_name")),
        Column("own", ForeignKey("rules.id")),
        ForeignKeyConstraint(["a", "b"], ["pair.a", "pair.b"], ondelete="CASCADE", onupdate="CASCADE"),
        ForeignKeyConstraint(["b"], ["rules.id"], use_alter=True, name="fk_later"),
        CheckConstraint("a > b OR s = 'CHECK (' OR s = '100%'"),
        CheckConstraint("s IS NOT NULL OR a IS NOT NULL", name="some_check"),
        CheckConstraint("a < 0", name="elsewhere", _create_rule=lambda it: it.dialect.name == "oracle"),
        UniqueConstraint("s", "a", name="uq_s_a"),
        UniqueConstraint("b", "s"),
        Index("ix_expression", func.lower(text("s"))),
        Index("ix_partial", "a", **partial),
        Index("ux_partial", "a", "b", unique=True, **partial),
        Index("ix_desc", text("s DESC")),
        Index("Ix Odd", "D d", "a"),
    )


def wide_postgresql() -> MetaData:
    """The same and what only PostgreSQL has, in two schemas."""
    metadata = wide()
    Table(
        "postgres",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("array", ARRAY(Integer)),
        Column("array2", pg.ARRAY(Text, dimensions=2)),
        Column("enum_array", ARRAY(Enum("p", "q", name="enum_pq"))),
        Column("inet", pg.INET),
        Column("tsvector", pg.TSVECTOR),
        Column("bit", pg.BIT(3)),
        Column("money", pg.MONEY),
        Column("range", pg.INT4RANGE),
        Column("jsonb", pg.JSONB),
        Column("timestamp3", pg.TIMESTAMP(precision=3)),
        Column("interval", pg.INTERVAL(fields="DAY")),
        Column("domain", pg.DOMAIN("positive", Integer, check="value > 0")),
        pg.ExcludeConstraint(("range", "&&"), name="no_overlap"),
        Index("ix_gin", "jsonb", postgresql_using="gin"),
        Index("ix_include", "id", postgresql_include=["money"]),
    )
    Table(
        "elsewhere",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("team", ForeignKey("team.id")),
        Column("enum", Enum("a", "b", name="enum_other", schema="other")),
        Index("ix_elsewhere", "team"),
        schema="other",
    )
    Table(
        "in_public",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("there", ForeignKey("other.elsewhere.id")),
        schema="public",
    )
    return metadata
