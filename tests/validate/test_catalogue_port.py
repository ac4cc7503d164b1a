"""What the port to the catalogue means. SQLite and PostgreSQL both answer to every test."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Computed,
    Connection,
    DateTime,
    Engine,
    Identity,
    Integer,
    MetaData,
    Table,
    create_engine,
    func,
)
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.steps.catalog.found import FoundForeignKey, FoundTable
from initdb.steps.catalog.port import Catalogue, Content, catalogue_of
from initdb.steps.catalog.postgresql.content import PostgresqlContent
from initdb.steps.catalog.reference import Reference
from initdb.steps.catalog.sqlite.content import SqliteContent
from initdb.steps.drift.wanted import ddl_compiler
from initdb.steps.repairs import ddl

SCHEMA = """CREATE TABLE teams (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
CREATE TABLE users (id INTEGER NOT NULL, team_id INTEGER, age INTEGER DEFAULT 1,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT ck_users_age CHECK (age > 0),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age);
CREATE VIEW adults AS SELECT id FROM users WHERE age > 17;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
INSERT INTO alembic_version VALUES ('b2'), ('a1');
CREATE TABLE init_journal_version (version_num VARCHAR(32));
CREATE TABLE _alembic_tmp_users (id INTEGER)"""


@pytest.fixture
def there(work: Connection, sql: Any) -> Catalogue:
    """The catalogue of a database that holds SCHEMA."""
    sql(SCHEMA)
    return catalogue_of(work)


class OnTheDriver:
    """Asks on a connection of the driver's own, without SQLAlchemy."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __call__(self, statement: str, values: Mapping[str, object] | None = None, /) -> Sequence[Any]:
        cursor = self.connection.cursor()
        if ":path" in statement:
            values = {**(values or {}), "path": ["public"]}
        if values is None:
            cursor.execute(statement)
        elif type(self.connection).__module__.startswith("sqlite3"):
            cursor.execute(statement, values)
        else:
            named = re.sub(r"(?<!:):(\w+)", r"%(\1)s", statement.replace("%", "%%"))
            cursor.execute(named, values)
        return list(cursor.fetchall())


@pytest.fixture
def bare(work: Connection, there: Catalogue) -> Content:
    """The content of the same database, asked for below SQLAlchemy."""
    kind = SqliteContent if work.dialect.name == "sqlite" else PostgresqlContent
    return kind(OnTheDriver(work.connection.dbapi_connection))


CONTENT: dict[str, Callable[[Content], object]] = {
    "fingerprint": lambda content: content.fingerprint(ignore=["user*"]),
    "fingerprint of another version table": lambda content: content.fingerprint(version_table="other"),
    "tables": lambda content: content.tables(),
    "version rows": lambda content: content.version_rows(),
    "version rows of another table": lambda content: content.version_rows("other"),
    "version tables": lambda content: content.version_tables(),
    "leftovers": lambda content: content.leftovers(),
}


@pytest.mark.parametrize("what", CONTENT)
def test_content_is_the_same_on_a_bare_driver_connection(there: Catalogue, bare: Content, what: str) -> None:
    """The statements are plain text, and no answer depends on SQLAlchemy."""
    assert CONTENT[what](bare) == CONTENT[what](there)


@pytest.mark.parametrize("what", CONTENT)
def test_content_leaves_the_transaction_alone(work: Connection, there: Catalogue, what: str) -> None:
    """What was done before can still be undone, and what comes after still works."""
    work.exec_driver_sql("SAVEPOINT here")
    work.exec_driver_sql("CREATE TABLE later (id INTEGER)")
    CONTENT[what](there)
    assert (None, "later") in there.tables()
    work.exec_driver_sql("ROLLBACK TO SAVEPOINT here")
    assert (None, "later") not in there.tables() and (None, "users") in there.tables()


def test_the_fingerprint_is_of_content(there: Catalogue, sql: Any) -> None:
    """A row does not change it, a definition does; undone, it is what it was."""
    before = there.fingerprint()
    sql("INSERT INTO teams (id, name) VALUES (1, 'one')")
    assert before == there.fingerprint() and re.fullmatch("[0-9a-f]{64}", before)
    sql("CREATE INDEX ix_more ON users (team_id)")
    assert before != there.fingerprint()
    sql("DROP INDEX ix_more")
    assert before == there.fingerprint()


@pytest.mark.parametrize(
    ("change", "ignore", "moves"),
    [
        ("UPDATE alembic_version SET version_num = 'c3' WHERE version_num = 'b2'", (), True),
        ("CREATE TABLE init_journal_more (id INTEGER)", (), False),
        ("CREATE TABLE legacy_a (id INTEGER)", ("legacy_?",), False),
        ("CREATE INDEX ix_more ON users (team_id)", ("us*",), False),
        ("CREATE INDEX ix_more ON users (team_id)", ("teams",), True),
    ],
)
def test_what_the_fingerprint_counts(
    there: Catalogue, sql: Any, change: str, ignore: tuple[str, ...], moves: bool
) -> None:
    """The rows of the version table do count; the journal's objects and what is ignored do not."""
    before = there.fingerprint(ignore=ignore)
    sql(change)
    assert moves is (before != there.fingerprint(ignore=ignore))


def test_the_fingerprint_is_that_of_earlier_versions(sqlite_url: str) -> None:
    """A journal keeps it: another one would make every database look changed after an update.

    On PostgreSQL the server writes the definitions, and each version in its own way.
    """
    from tests.validate.changes import SQLITE

    with create_engine(sqlite_url).connect() as connection:
        for statement in SQLITE.split(";\n"):
            connection.exec_driver_sql(statement.strip())
        found = catalogue_of(connection).fingerprint(), catalogue_of(connection).fingerprint(ignore=["users"])
    assert found == (
        "c967bc028d2b5a508832618dd8ecf269b5b30b1a5daa9de408b1a4989c96fde2",
        "77d654054f3d274ed8095e2defeb2d91b8bb954bde66a44918174821e600d70c",
    )


def test_tables(there: Catalogue, sql: Any) -> None:
    """Without views and the journal's own; the schema is None where it is the default one."""
    sql('CREATE TABLE "My Table" (id INTEGER)')
    names = {"teams", "users", "alembic_version", "_alembic_tmp_users", "My Table"}
    assert {(None, name) for name in names} == there.tables()


def test_version_rows(there: Catalogue, sql: Any) -> None:
    """Sorted; empty where the table is empty; None where there is none, or one that is not Alembic's."""
    assert there.version_rows() == ("a1", "b2")
    sql("DELETE FROM alembic_version;\nCREATE TABLE other_version (id INTEGER)")
    assert there.version_rows() == ()
    assert there.version_rows("other_version") is None and there.version_rows("absent") is None


@pytest.mark.parametrize("name", ["My Versions", "it's:here", "100%", 'a "b"'])
def test_version_tables_of_any_name(there: Catalogue, sql: Any, name: str) -> None:
    """No name is taken for a placeholder or ends a quoted one."""
    quoted = name.replace('"', '""')
    if there.dialect.paramstyle == "pyformat":
        quoted = quoted.replace("%", "%%")
    sql(f'CREATE TABLE "{quoted}" (version_num VARCHAR(32))')
    before = there.fingerprint(version_table=name)
    sql(f"""INSERT INTO "{quoted}" VALUES ('a"1')""")
    assert there.version_rows(name) == ('a"1',)
    assert before != there.fingerprint(version_table=name)
    assert there.version_tables() == tuple(sorted((name, "alembic_version")))


def test_leftovers(there: Catalogue) -> None:
    """The table that Alembic's batch mode was filling is named with the one that it rebuilt."""
    (found,) = there.leftovers()
    assert (found.kind, found.name, found.table, found.schema) == (
        "alembic-temporary-table",
        "_alembic_tmp_users",
        "users",
        None,
    )


def test_reflect(there: Catalogue) -> None:
    """Tables and views of the default schema, with all that is compared with models."""
    found = there.reflect([None])
    users, adults = found[None, "users"], found[None, "adults"]
    assert (users.is_view, adults.is_view) == (False, True)
    assert (users.primary_key, users.checks, *users.check_names) == (("id",), 1, "ck_users_age")
    columns = {name: (column.nullable, column.filled) for name, column in users.columns.items()}
    assert columns == {"id": (False, False), "team_id": (True, False), "age": (True, True)}
    assert users.columns["age"].type == "INTEGER"
    assert [(i.name, i.columns, i.unique, i.partial) for i in _indexes(users)] == [
        ("ix_users_age", ("age",), False, False)
    ]
    ((key),) = users.foreign_keys
    pairs = frozenset({("team_id", "id")})
    assert key == FoundForeignKey(key.name, pairs, (None, "teams"), "CASCADE")
    assert [index.bound for index in found[None, "teams"].indexes if index.columns == ("name",)] == [True]


def _indexes(table: FoundTable) -> list[Any]:
    return [index for index in table.indexes if not index.bound]


def test_names_are_folded_as_the_database_compares_them(work: Connection, there: Catalogue) -> None:
    """Two spellings are one name exactly where a table is found by both."""
    found = _succeeds(work, 'SELECT * FROM "USERS"')
    assert (there.fold("USERS") == there.fold("users")) is found


def _succeeds(work: Connection, statement: str) -> bool:
    """Whether the database takes the statement; undone either way."""
    nested = work.begin_nested()
    try:
        work.exec_driver_sql(statement)
    except DBAPIError:
        return False
    finally:
        nested.rollback()
    return True


@pytest.mark.parametrize(
    ("wanted", "found", "severity"),
    [
        ("VARCHAR(40)", "varchar(40)", None),
        ("INTEGER", "TEXT", "error"),
        ("TEXT", "DOUBLE PRECISION", "error"),
        ("", "TEXT", None),
        ("INTEGER", "", None),
        ("SOMETHING", "ELSE", None),
    ],
)
def test_types(there: Catalogue, wanted: str, found: str, severity: str | None) -> None:
    """Other families of types are an error; what is not known to differ counts as equal."""
    assert there.type_difference(wanted, found) == severity


def test_what_is_in_the_way(there: Catalogue) -> None:
    """Another kind of object under a table's name; tables themselves are not in the way."""
    (said,) = there.in_the_way([(None, "adults"), (None, "users"), (None, "absent")])
    assert said.endswith("adults is a view")


def test_a_sound_database_has_no_issues(there: Catalogue, sql: Any) -> None:
    """Rows that keep their constraints are no news."""
    sql("INSERT INTO teams (id, name) VALUES (1, 'one');\nINSERT INTO users (id, team_id) VALUES (1, 1)")
    assert not there.integrity_issues()
    reference = Reference("users", "users", "teams", ("team_id",), ("id",))
    assert there.constraint_issues((), [("users", "ix_users_age")], [reference]) == ()


def test_orphaned_rows(work: Connection, sql: Any) -> None:
    """Rows that refer to nothing are found where the database let them in, unless their table is ignored."""
    clause = "REFERENCES parents (id)"
    sql("CREATE TABLE parents (id INTEGER PRIMARY KEY);\nCREATE TABLE children (parent_id INTEGER)")
    if work.dialect.name == "sqlite":
        sql(f"DROP TABLE children;\nCREATE TABLE children (parent_id INTEGER {clause})")
    sql("INSERT INTO children VALUES (7), (8)")
    if work.dialect.name == "postgresql":
        sql(f"ALTER TABLE children ADD FOREIGN KEY (parent_id) {clause} NOT VALID")
    found = catalogue_of(work).constraint_issues((), (), ())
    (issue,) = (issue for issue in found if issue.kind == "orphaned-rows")
    assert (issue.table, issue.severity) == ("children", "error") and "2 rows of children" in issue.text
    assert catalogue_of(work).constraint_issues(["children"], (), ()) == ()


def test_constraints_are_added_where_it_says_so(work: Connection, there: Catalogue) -> None:
    """ALTER TABLE succeeds exactly then."""
    added = _succeeds(work, "ALTER TABLE users ADD CONSTRAINT ck_more CHECK (age < 200)")
    assert there.adds_constraints is added


COLUMNS: dict[str, Callable[[], Column[Any]]] = {
    "may be empty": lambda: Column("x", Integer),
    "required": lambda: Column("x", Integer, nullable=False),
    "with a constant": lambda: Column("x", Integer, nullable=False, server_default="7"),
    "with an expression": lambda: Column("x", DateTime, nullable=False, server_default=func.now()),
    "computed and stored": lambda: Column("x", Integer, Computed("age + 1", persisted=True)),
    "numbered": lambda: Column("x", Integer, Identity(), nullable=False),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_columns_are_filled_where_it_says_so(work: Connection, there: Catalogue, sql: Any, case: str) -> None:
    """A column can be added to a table with a row exactly then."""
    sql("INSERT INTO users (id, age) VALUES (1, 30)")
    assert _is_filled(there, COLUMNS[case]()) is _is_added(work, COLUMNS[case]())


def test_a_column_that_is_computed_when_read(sqlite_url: str) -> None:
    """PostgreSQL has such columns from 18 on, and SQLAlchemy does not write them for it."""
    with create_engine(sqlite_url).connect() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY, age INTEGER)")
        connection.exec_driver_sql("INSERT INTO users VALUES (1, 30)")
        computed = Column("x", Integer, Computed("age + 1", persisted=False))
        assert _is_filled(catalogue_of(connection), computed) and _is_added(connection, computed)


def _is_filled(there: Catalogue, column: Column[Any]) -> bool:
    return there.fills(column, ddl_compiler(there.dialect).get_column_default_string(column))


def _is_added(work: Connection, column: Column[Any]) -> bool:
    Table("users", MetaData(), column)
    return _succeeds(work, ddl.add_column(work, column))


def test_what_a_person_is_told_works(work: Connection, there: Catalogue, sql: Any) -> None:
    """With a value filled in, the statements add the column, and every row has the value."""
    sql("INSERT INTO users (id) VALUES (1), (2)")
    advice = there.by_hand("users", "x", "INTEGER").partition("; or ")[0]
    sql(advice.replace("<value>", "7").replace("; ", ";\n"))
    assert list(work.exec_driver_sql("SELECT x FROM users").scalars()) == [7, 7]
    assert not there.reflect([None])[None, "users"].columns["x"].nullable


def test_waiting_is_limited_until_the_transaction_ends(engine: Engine, there: Catalogue) -> None:
    """A limit is positive, and the transaction goes on with it."""
    for seconds in (5.0, 0.00001):
        there.limit_waiting(seconds)
        assert (None, "users") in there.tables()
    with engine.connect() as connection:
        catalogue_of(connection).limit_waiting(0.05)
        connection.rollback()
        if engine.dialect.name == "postgresql":
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"


def test_another_database_is_refused() -> None:
    """By its name, before anything is asked."""
    other: Any = SimpleNamespace(dialect=SimpleNamespace(name="mysql"))
    with pytest.raises(InitError) as caught:
        catalogue_of(other)
    assert (caught.value.reference, caught.value.context) == ("unsupported-database", ("mysql",))


def test_which_tables_have_rows(there: Catalogue, work: Connection) -> None:
    """A table that was dropped meanwhile counts as one that has: nobody knows that it had none."""
    work.exec_driver_sql("INSERT INTO teams VALUES (1, 'one')")
    models = MetaData()
    full, empty, gone = (Table(name, models, Column("id", Integer)) for name in ("teams", "users", "gone"))
    assert there.with_rows([full, empty]) == {"teams"}
    assert there.with_rows([full, empty, gone]) == {"teams", "gone"}
    assert there.with_rows([empty]) == there.with_rows([]) == frozenset()
    assert work.exec_driver_sql("SELECT count(*) FROM teams").scalar() == 1


def test_a_locked_table_counts_as_one_with_rows(postgresql_url: str) -> None:
    """A validation does not wait for it, and its transaction can go on."""
    engine = create_engine(postgresql_url)
    table = Table("users", MetaData(), Column("id", Integer))
    with engine.begin() as connection:
        table.create(connection)
    with engine.connect() as other, engine.connect() as connection:
        other.exec_driver_sql("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        assert catalogue_of(connection).with_rows([table]) == {"users"}
        other.rollback()
        assert catalogue_of(connection).with_rows([table]) == frozenset()
    engine.dispose()
