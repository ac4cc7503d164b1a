"""The definitions are SQL that runs as it is and creates the same schema as the models."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    DDL,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Engine,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    UniqueConstraint,
    event,
    text,
)

from initdb.steps.identity.definition import SchemaDefinition, definition
from initdb.steps.identity.models import IDENTITY, TABLES
from tests.support.states import database_state


def _run(engine: Engine, *statements: str) -> None:
    connection = engine.raw_connection()
    try:
        for statement in statements:
            connection.cursor().execute(statement)
        connection.commit()
    finally:
        connection.close()


def _made_by_models(engine: Engine, metadata: MetaData) -> dict[str, object]:
    metadata.create_all(engine)
    state = database_state(engine)
    metadata.drop_all(engine)
    return state


def _shop() -> MetaData:
    """Models with what applications' schemas have."""
    metadata = MetaData()
    status = Enum("new", "paid", name="order_status", create_constraint=True)
    orders = Table(
        "orders",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("status", status, nullable=False),
        Column("discount", String, server_default="10 % off", comment="what % is off"),
        Column("gift", Boolean(create_constraint=True, name="gift_is_boolean")),
        Column("total", Integer, CheckConstraint("total % 5 = 0")),
        Column("next_id", Integer, ForeignKey("orders.id")),
        Column("best_line_id", Integer, ForeignKey("lines.id", name="best_line", use_alter=True)),
        UniqueConstraint("status", "total"),
        CheckConstraint("total >= 0", name="positive"),
        CheckConstraint("total < 1000000"),
        CheckConstraint("total <> 13"),
        comment="orders",
    )
    lines = Table(
        "lines",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("order_id", ForeignKey("orders.id"), nullable=False, index=True),
        Column("number", Integer, Sequence("line_number", start=10), nullable=False),
        Column("twice", Integer, Computed("number * 2", persisted=True)),
        CheckConstraint("number > 0", name="positive"),
        Index("lines_low", "number", sqlite_where=text("number < 5"), postgresql_where=text("number < 5")),
    )
    lines.append_constraint(CheckConstraint("id > 0", name="only_there").ddl_if(dialect="postgresql"))
    for moment, sql in (
        ("after_create", "CREATE VIEW dear_%(table)s AS SELECT * FROM %(fullname)s"),
        ("before_drop", "DROP VIEW dear_%(table)s"),
    ):
        event.listen(orders, moment, DDL(sql))  # type: ignore[no-untyped-call]
    return metadata


@pytest.mark.parametrize("metadata", [IDENTITY, _shop()], ids=["identity", "shop"])
def test_the_statements_make_the_schema_of_the_models(engine: Engine, metadata: MetaData) -> None:
    """Executed as they are, they make what `create_all` makes, and the models do not change."""
    described = definition(metadata, engine.dialect.name)
    expected = _made_by_models(engine, metadata)
    _run(engine, *described.statements())
    assert database_state(engine) == expected


def test_tables_constraints_and_indexes_are_parts_that_fit(engine: Engine) -> None:
    """What SchemaDefinition answers is the whole identity schema; on SQLite the tables hold constraints."""
    dialect = engine.dialect.name
    tables = SchemaDefinition.get_table_definitions(dialect)
    constraints = SchemaDefinition.get_constraint_definitions(dialect)
    indexes = SchemaDefinition.get_index_definitions(dialect)
    assert sorted(TABLES) == sorted(tables)
    expected = _made_by_models(engine, IDENTITY)
    _run(engine, *tables.values())
    if dialect == "postgresql":
        assert all(sql.startswith("ALTER TABLE ") for sql in constraints.values())
        _run(engine, *constraints.values())
    else:
        made = "\n".join(tables.values())
        assert all(f"CONSTRAINT {name} " in sql and sql in made for name, sql in constraints.items())
    _run(engine, *indexes.values())
    assert database_state(engine) == expected


def test_both_databases_have_the_same_names() -> None:
    """A name in an error can be looked up for each database. SQLite is the default."""
    for get in (
        SchemaDefinition.get_table_definitions,
        SchemaDefinition.get_constraint_definitions,
        SchemaDefinition.get_index_definitions,
    ):
        assert set(get()) == set(get("postgresql"))
        assert get() == get("sqlite")
    assert {"uq_users_email", "ck_users_email", "fk_memberships_user_id_users"} <= set(
        SchemaDefinition.get_constraint_definitions()
    )


def test_things_without_a_name_of_their_own_get_one() -> None:
    """Unnamed constraints are called as PostgreSQL calls them, and equal names are kept apart."""
    names = list(definition(_shop(), "postgresql").constraints)
    assert len(names) == len(set(names))
    assert {"orders_status_total_key", "orders_next_id_fkey", "best_line", "positive", "only_there"} <= set(
        names
    )
    assert "orders.positive" in names or "lines.positive" in names
    assert "only_there" not in definition(_shop(), "sqlite").constraints


def test_a_table_of_another_schema_is_named_with_it() -> None:
    """Two tables of one name do not hide each other."""
    metadata = MetaData()
    for schema in (None, "billing"):
        Table("rates", metadata, Column("id", Integer, primary_key=True), schema=schema)
    tables = definition(metadata, "postgresql").tables
    assert set(tables) == {"rates", "billing.rates"}
    assert tables["billing.rates"].startswith("CREATE TABLE billing.rates (")


def test_another_database_is_refused() -> None:
    """Only what is supported can be described."""
    with pytest.raises(ValueError, match="mysql"):
        definition(IDENTITY, "mysql")
