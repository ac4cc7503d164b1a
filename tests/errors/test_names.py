"""The names in a database's error are said if the database has them, whoever raised it."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest
from sqlalchemy import Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from initdb.errors.classify import classify
from initdb.errors.driver import Named, driver_error
from initdb.steps.catalog.existing import existing

TABLE = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, tenant VARCHAR(9), sku VARCHAR(9), n INTEGER,"
    " CONSTRAINT few CHECK (n < 9), UNIQUE (tenant, sku))"
)
TWICE = "INSERT INTO orders (id, tenant, sku) VALUES (1, 'k4nary', 'k4nary'), (2, 'k4nary', 'k4nary')"


def said(engine: Engine, *statements: str) -> tuple[str, ...]:
    """What is said of the last statement, which fails in a transaction of its own."""
    with engine.connect() as connection:
        connection.exec_driver_sql(TABLE)
        connection.commit()
        with pytest.raises(DBAPIError) as caught:
            for statement in statements:
                connection.exec_driver_sql(statement)
        connection.rollback()
        verify = existing(lambda: nullcontext(connection))
        return classify(caught.value, doing="migrate", database=engine.dialect.name, verify=verify).context


def test_a_unique_violation_names_table_constraint_and_columns(engine: Engine) -> None:
    """On PostgreSQL the columns come from the catalogue, since only the DETAIL has them, with the values."""
    named = "table orders, columns tenant, sku"
    if engine.dialect.name == "postgresql":
        named = "table orders, constraint orders_tenant_sku_key, columns tenant, sku"
    first, second, *_ = said(engine, TWICE)
    assert first.endswith(f": {named}")
    assert second == "statement: INSERT INTO orders (id, tenant, sku) VALUES (…, …, …), (…, …, …)"


def test_a_check_is_named(engine: Engine) -> None:
    """SQLite says its name alone."""
    first = said(engine, "INSERT INTO orders (id, n) VALUES (1, 10)")[0]
    assert "constraint few" in first


def test_a_unique_index_is_named(postgresql_url: str) -> None:
    """It is no constraint, and PostgreSQL names it as one."""
    engine = create_engine(postgresql_url, poolclass=NullPool)
    index = "CREATE UNIQUE INDEX one ON orders (n)"
    first = said(engine, index, "COMMIT", "INSERT INTO orders (id, n) VALUES (1, 1), (2, 1)")[0]
    assert first.endswith("table orders, constraint one, column n")


@pytest.mark.parametrize(
    "statement",
    [
        "DO $$ BEGIN RAISE EXCEPTION 'k4nary' USING TABLE = 'k4nary', COLUMN = 'k4nary',"
        " CONSTRAINT = 'k4nary', SCHEMA = 'public', ERRCODE = '23505'; END $$",
        "DO $$ BEGIN CREATE TEMP TABLE k4nary (a int CHECK (a > 1)); INSERT INTO k4nary VALUES (1); END $$",
        "DO $$ BEGIN CREATE TABLE k4nary (a int CHECK (a > 1)); INSERT INTO k4nary VALUES (1); END $$",
    ],
)
def test_what_a_function_names_is_not_said(postgresql_url: str, statement: str) -> None:
    """Neither by RAISE, nor by a table that is gone with the transaction."""
    assert "k4nary" not in str(said(create_engine(postgresql_url, poolclass=NullPool), statement))


def test_names_of_asyncpg(postgresql_url: str) -> None:
    """SQLAlchemy's own exception hides those of the driver."""
    sync = create_engine(postgresql_url, poolclass=NullPool)
    with sync.begin() as connection:
        connection.execute(text(TABLE))
    url = make_url(postgresql_url)
    query = {"host": url.query["host"], "port": url.query["port"]}
    engine = create_async_engine(url.set(drivername="postgresql+asyncpg", query=query), poolclass=NullPool)

    async def fail() -> None:
        async with engine.begin() as connection:
            await connection.execute(text(TWICE))

    with pytest.raises(DBAPIError) as caught:
        asyncio.run(fail())
    found = driver_error(caught.value)
    assert found is not None
    assert found.named == Named("orders", (), "orders_tenant_sku_key", "public")


def test_a_database_that_cannot_answer_names_nothing(engine: Engine) -> None:
    """The transaction has failed, for example."""
    gone = create_engine("sqlite:////nowhere/at/all.db", poolclass=NullPool)
    assert existing(gone.connect)(Named("orders", ("sku",))) == Named()


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("init_journal is append-only", "init_journal is append-only"),
        ("init_journal_head__shop moves by an event only", "init_journal_head moves by an event only"),
        (
            "init_journal: event 9 is too long, or not ASCII",
            "init_journal: event 9 is too long, or not ASCII",
        ),
        ("init_journal is append-only, k4nary", "A trigger of the database refused it by RAISE"),
        ("k4nary", "A trigger of the database refused it by RAISE"),
    ],
)
def test_what_the_guards_of_the_journal_say_is_repeated(raised: str, said: str) -> None:
    """Word for word, without the name that a journal may have; nothing else that a trigger says is."""
    engine = create_engine("sqlite://")
    refuse = f"CREATE TRIGGER no BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, '{raised}'); END"
    with engine.connect() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql(refuse)
        with pytest.raises(DBAPIError) as caught:
            connection.exec_driver_sql(TWICE)
    first = classify(caught.value, doing="migrate", database="sqlite").context[0]
    assert first == f"{said} (SQLITE_CONSTRAINT_TRIGGER)"
