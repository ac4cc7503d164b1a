"""The hash of the catalogue's content: what changes it and what does not."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from initdb.events.search_path import pinned
from initdb.steps.catalog.port import catalogue_of
from tests.validate.changes import POSTGRESQL, POSTGRESQL_CHANGES, POSTGRESQL_SAME, SQLITE, SQLITE_CHANGES


def _hash(connection: Connection) -> str:
    return catalogue_of(connection).fingerprint(ignore=["legacy_*", "other.theirs"])


@pytest.fixture
def lite(sqlite_url: str, tmp_path: Any) -> Any:
    """An autocommitting SQLite connection on the schema."""
    engine = create_engine(sqlite_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        _script(connection, SQLITE)
        yield connection


@pytest.fixture
def postgres(postgresql_url: str) -> Any:
    """A PostgreSQL connection in a transaction, on the schema."""
    with create_engine(postgresql_url, poolclass=NullPool).connect() as connection:
        _script(connection, POSTGRESQL)
        yield connection


def _script(connection: Connection, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip(" \n;"):
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("change", SQLITE_CHANGES)
def test_every_kind_of_change_is_seen_on_sqlite(lite: Connection, change: str) -> None:
    """What is defined, or a row of the version table, changes the hash."""
    before = _hash(lite)
    _script(lite, SQLITE_CHANGES[change])
    assert before != _hash(lite)


def test_every_kind_of_change_is_seen_on_postgresql(postgres: Connection) -> None:
    """Each change in the twelve catalogues or the version table changes the hash; undoing it restores it."""
    before = _hash(postgres)
    seen = {}
    for name, change in POSTGRESQL_CHANGES.items():
        savepoint = postgres.begin_nested()
        _script(postgres, change)
        seen[name] = _hash(postgres)
        savepoint.rollback()
        assert before == _hash(postgres), name
    assert [name for name, after in seen.items() if after == before] == []
    assert len(set(seen.values())) == len(seen)


def test_what_defines_nothing_is_not_seen_on_postgresql(postgres: Connection) -> None:
    """Rows, statistics, rebuilt indexes, sequence values, settings, and temporary, ignored or own objects."""
    before = _hash(postgres)
    for name, change in POSTGRESQL_SAME.items():
        savepoint = postgres.begin_nested()
        _script(postgres, change)
        assert before == _hash(postgres), name
        savepoint.rollback()


def test_partitions_and_vacuum_are_not_seen_on_postgresql(postgres: Connection, postgresql_url: str) -> None:
    """One more partition changes nothing, even where a foreign key refers to the partitioned table."""
    _script(
        postgres,
        "CREATE TABLE parts (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);\n"
        "CREATE TABLE refers (id int, at date, FOREIGN KEY (id, at) REFERENCES parts);\n"
        "CREATE INDEX ix_parts ON parts (at)",
    )
    before = _hash(postgres)
    _script(
        postgres, "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
    )
    assert before == _hash(postgres)
    postgres.commit()
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM FULL ANALYZE")
        connection.exec_driver_sql(f"REINDEX DATABASE CONCURRENTLY {connection.engine.url.database}")
        assert before == _hash(connection)


def test_what_defines_nothing_is_not_seen_on_sqlite(lite: Connection) -> None:
    """Rows, VACUUM, ANALYZE, REINDEX, AUTOINCREMENT's own table, the journal and what is ignored."""
    before = _hash(lite)
    _script(
        lite,
        "INSERT INTO users (name) VALUES ('a'), ('b');\nDELETE FROM users WHERE name = 'a';\nANALYZE;\n"
        "REINDEX;\nVACUUM;\n"
        "CREATE TABLE init_journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT UNIQUE);\n"
        "INSERT INTO init_journal (run) VALUES ('r');\n"
        "CREATE TRIGGER init_journal_guard BEFORE DELETE ON init_journal "
        "BEGIN SELECT RAISE(ABORT, 'no'); END;\n"
        "CREATE TABLE legacy_a (id INTEGER);\nCREATE INDEX ix_l ON legacy_a (id)",
    )
    assert before == _hash(lite)


def test_equal_databases_have_equal_hashes_whatever_came_before(postgres: Connection) -> None:
    """Names and definitions count. Oids, column numbers and the order of creation do not."""
    postgres.exec_driver_sql("CREATE TABLE one (a int, b text)")
    before = _hash(postgres)
    _script(
        postgres,
        "DROP TABLE one;\nCREATE TABLE one (gone int, a int, b text);\nALTER TABLE one DROP COLUMN gone;\n"
        "DROP VIEW adults;\nCREATE VIEW adults AS SELECT name FROM users WHERE age > 17",
    )
    assert before == _hash(postgres)


def test_an_empty_database_has_a_hash(work: Connection) -> None:
    """Without tables, and without a version table, in a transaction that goes on afterwards."""
    first = catalogue_of(work).fingerprint()
    work.exec_driver_sql("CREATE TABLE t (id INTEGER)")
    assert len(first) == 64 and first != catalogue_of(work).fingerprint()
    work.exec_driver_sql("DROP TABLE t")
    assert first == catalogue_of(work).fingerprint()


def test_the_version_table_is_the_one_that_is_named(engine: Engine) -> None:
    """Any name will do. A table of that name without the column is a table like others."""
    with engine.connect() as connection:
        _script(
            connection,
            'CREATE TABLE "My Versions" (version_num VARCHAR(32));\nCREATE TABLE odd (x VARCHAR(9))',
        )
        before = catalogue_of(connection).fingerprint(version_table="My Versions")
        other = catalogue_of(connection).fingerprint()
        odd = catalogue_of(connection).fingerprint(version_table="odd")
        _script(
            connection, """INSERT INTO "My Versions" VALUES ('it''s "a1"');\nINSERT INTO odd VALUES ('x')"""
        )
        assert before != catalogue_of(connection).fingerprint(version_table="My Versions")
        assert (other, odd) == (
            catalogue_of(connection).fingerprint(),
            catalogue_of(connection).fingerprint(version_table="odd"),
        )


def test_the_session_is_left_as_it_was(postgres: Connection) -> None:
    """The query's settings are gone when it ends, and nothing else is sent."""
    _script(postgres, "SET LOCAL search_path = other, public;\nSET LOCAL timezone = 'Asia/Tokyo'")
    ask = "SELECT current_setting('search_path'), current_setting('TimeZone'), current_setting('DateStyle')"
    before = postgres.exec_driver_sql(ask).one()
    _hash(postgres)
    assert before == postgres.exec_driver_sql(ask).one()
    postgres.rollback()
    assert postgres.exec_driver_sql("SHOW search_path").scalar() == '"$user", public'


def test_one_query_on_postgresql(postgres: Connection) -> None:
    """One statement pins the path before it, and one restores it; a look does that once for all it asks."""
    sent: list[str] = []
    event.listen(postgres, "before_cursor_execute", lambda *args: sent.append(args[2]))
    with pinned(postgres):
        sent.clear()
        _hash(postgres)
        assert len(sent) == 1


def test_a_role_that_may_read_nothing_gets_a_hash(postgres: Connection) -> None:
    """A version table that the role may not read does not abort the transaction."""
    _script(
        postgres, "CREATE ROLE reader;\nREVOKE ALL ON alembic_version FROM PUBLIC;\nSET LOCAL ROLE reader"
    )
    assert len(_hash(postgres)) == 64
    assert postgres.exec_driver_sql("SELECT 1").scalar() == 1


def test_two_hundred_tables_take_milliseconds(engine: Engine) -> None:
    """Measured: 20 ms on PostgreSQL, 2 ms on SQLite. The limit leaves room for a busy machine."""
    with engine.connect() as connection:
        for number in range(200):
            before = f" REFERENCES t{number - 1} (id)" if number else ""
            _script(
                connection,
                f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, a VARCHAR(20) NOT NULL, "
                f"b INTEGER DEFAULT 1, c INTEGER{before});\nCREATE INDEX ix_{number} ON t{number} (a)",
            )
        catalogue_of(connection).fingerprint()
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            catalogue_of(connection).fingerprint()
            took.append(time.perf_counter() - begun)
    assert statistics.median(took) < (0.1 if engine.dialect.name == "postgresql" else 0.02)
