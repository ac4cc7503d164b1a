"""What the catalogue of one database alone has: schemas, partitions, attached databases, INVALID indexes.

`test_catalogue_port.py` has what both databases answer alike.
"""

from __future__ import annotations

from sqlalchemy import create_engine

from initdb.steps.catalog.port import catalogue_of


def test_tables_elsewhere_and_partitions(postgresql_url: str) -> None:
    """Other schemas are named; partitions and temporary tables do not count."""
    with create_engine(postgresql_url).connect() as connection:
        for statement in (
            "CREATE SCHEMA other",
            "CREATE TABLE other.users (id int)",
            "CREATE TABLE parts (id int) PARTITION BY RANGE (id)",
            "CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (9)",
            "CREATE TEMPORARY TABLE scratch (id int)",
        ):
            connection.exec_driver_sql(statement)
        assert {("other", "users"), (None, "parts")} == catalogue_of(connection).tables()


def test_tables_that_the_search_path_finds(postgresql_url: str) -> None:
    """A model without a schema finds them; one that names their schema too."""
    with create_engine(postgresql_url).connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA app")
        connection.exec_driver_sql("CREATE TABLE users (id int)")
        connection.exec_driver_sql("SET search_path = app, public")
        assert {(None, "users"), ("public", "users")} == catalogue_of(connection).tables()
        connection.exec_driver_sql("CREATE TABLE users (id int)")
        assert {(None, "users"), ("public", "users")} == catalogue_of(connection).tables()
        connection.exec_driver_sql("SET search_path = ''")
        assert {("app", "users"), ("public", "users")} == catalogue_of(connection).tables()


def test_version_rows_elsewhere(postgresql_url: str) -> None:
    """A named schema is the only one; without a name the search path decides."""
    with create_engine(postgresql_url).connect() as connection:
        connection.exec_driver_sql('CREATE SCHEMA "Other"')
        connection.exec_driver_sql('CREATE TABLE "Other".alembic_version (version_num text)')
        connection.exec_driver_sql("""INSERT INTO "Other".alembic_version VALUES ('it''s')""")
        assert catalogue_of(connection).version_rows() is None
        assert catalogue_of(connection).version_rows(version_schema="Other") == ("it's",)
        connection.exec_driver_sql('SET search_path = "Other"')
        assert catalogue_of(connection).version_rows() == ("it's",)


def test_version_rows_in_an_attached_database(sqlite_url: str) -> None:
    """A schema is an attached database; one that is not attached has no version table."""
    with create_engine(sqlite_url).connect() as connection:
        connection.exec_driver_sql("ATTACH ':memory:' AS aux")
        connection.exec_driver_sql("CREATE TABLE aux.alembic_version (version_num TEXT)")
        assert catalogue_of(connection).version_rows(version_schema="aux") == ()
        assert catalogue_of(connection).version_rows(version_schema="nowhere") is None


def test_invalid_indexes_are_leftovers(postgresql_url: str) -> None:
    """An index that was never finished."""
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id int)")
        connection.exec_driver_sql("INSERT INTO users VALUES (1), (1)")
        try:
            connection.exec_driver_sql("CREATE UNIQUE INDEX CONCURRENTLY ux ON users (id)")
        except Exception as error:
            assert "duplicate" in str(error) or "could not create" in str(error)
        (found,) = catalogue_of(connection).leftovers()
    engine.dispose()
    assert (found.kind, found.name, found.table) == ("invalid-index", "ux", "users")
