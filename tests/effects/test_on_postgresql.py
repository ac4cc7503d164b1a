"""What is marked is what PostgreSQL does: which rows it rewrites, which locks it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from initdb.steps.effects.types import ColumnType, narrows, rewrites
from tests.effects.test_marks import POSTGRESQL

WRITERS_WAIT = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}
"""The locks that conflict with the one of INSERT, UPDATE and DELETE."""

SCHEMA = """
CREATE TABLE part (id BIGINT PRIMARY KEY);
CREATE TABLE item (id INTEGER UNIQUE, name VARCHAR(40), price NUMERIC(10, 2), note TEXT, unheard INTEGER);
INSERT INTO item VALUES (1, 'a', 1, 'b', 1); INSERT INTO part VALUES (1)
"""

ABOUT_ITEM = re.compile(r"(?:ALTER TABLE item|CREATE (?:UNIQUE )?INDEX|LOCK|CLUSTER)")
NOT_HERE = re.compile(r"DROP|CONCURRENTLY|nothing|USING INDEX|VALIDATE|TABLESPACE|CLUSTER")
"""What cannot be tried here: other objects, or no transaction."""


@pytest.fixture
def connection(postgresql_url: str) -> Iterator[Connection]:
    """In a transaction that is rolled back."""
    engine = create_engine(postgresql_url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(SCHEMA)
        connection.commit()
        yield connection
    engine.dispose()


def filenode(connection: Connection, table: str = "item") -> int:
    """The number of a table's file. It changes when the rows are rewritten."""
    return int(connection.exec_driver_sql(f"SELECT pg_relation_filenode('{table}')").scalar_one())


def locks(connection: Connection) -> set[str]:
    """The locks that this session has on the tables."""
    query = (
        "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid()"
        " AND relation IN ('item'::regclass, 'part'::regclass)"
    )
    return set(connection.exec_driver_sql(query).scalars())


TRIED = [case for case in POSTGRESQL if ABOUT_ITEM.match(str(case[0])) and not NOT_HERE.search(str(case[0]))]


def test_statements(connection: Connection) -> None:
    """One that is marked locks writers out. The rows are rewritten where that is said, and nowhere else."""
    assert len(TRIED) > 20
    wrong = []
    for case in TRIED:
        statement, said = str(case[0]), " ".join(one for one in case[1:] if one)
        before = filenode(connection)
        connection.exec_driver_sql(statement)
        rewritten, waiting = filenode(connection) != before, bool(locks(connection) & WRITERS_WAIT)
        if rewritten != ("rewritten" in said) or ("blocks" in said and not waiting):
            wrong.append((statement, rewritten, waiting))
        connection.rollback()
    assert wrong == []


CHANGES = """
integer > bigint; varchar(20) > varchar(40); varchar(40) > varchar(20); varchar(40) > varchar;
varchar(40) > text; text > varchar(40); text > varchar; char(3) > varchar(3); integer > text;
numeric(10,2) > numeric(12,2);
numeric(10,2) > numeric(12,3); numeric(10,2) > numeric(8,2); numeric(10,2) > numeric; numeric > numeric(10,2);
integer > numeric; real > float8; timestamp(3) > timestamp; timestamp > timestamp(3); timestamp > date;
date > timestamp; json > jsonb; cidr > inet; boolean > bool; interval > interval; text[] > varchar(10)[]
"""


def test_types(connection: Connection) -> None:
    """A change of type rewrites the rows or does not."""
    wrong = []
    for old, new in (change.strip().split(" > ") for change in CHANGES.split(";")):
        connection.exec_driver_sql(f"CREATE TABLE one (c {old})")
        before = filenode(connection, "one")
        connection.exec_driver_sql(f"ALTER TABLE one ALTER c TYPE {new} USING c::{new}")
        rewritten = filenode(connection, "one") != before
        if rewritten != rewrites(ColumnType.read(old), ColumnType.read(new)):
            wrong.append((old, new, rewritten))
        connection.rollback()
    assert wrong == []


def test_narrower(connection: Connection) -> None:
    """A value that does not fit is refused, as the mark says."""
    for old, value, new in [
        ("text", "'abcdef'", "varchar(3)"),
        ("varchar(6)", "'abcdef'", "varchar(3)"),
        ("bigint", "3000000000", "integer"),
        ("integer", "40000", "smallint"),
        ("numeric(10,2)", "12345678.25", "numeric(8,2)"),
        ("text", "'x'", "integer"),
        ("integer", "12345", "varchar(3)"),
    ]:
        assert narrows(ColumnType.read(old), ColumnType.read(new))
        connection.exec_driver_sql(f"CREATE TABLE one (c {old}); INSERT INTO one VALUES ({value})")
        using = f" USING c::{new.partition('(')[0]}" if old == "text" else ""
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql(f"ALTER TABLE one ALTER c TYPE {new}{using}")
        connection.rollback()
