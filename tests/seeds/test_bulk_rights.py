"""What storing many rows at once needs of PostgreSQL: no more than reading and inserting."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    MetaData,
    NullPool,
    String,
    Table,
    create_engine,
    make_url,
    text,
)

from initdb.steps.seeds.batches import batches_of
from tests.seeds.bulk_support import together, written
from tests.seeds.support import make_tables, roles
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


def test_a_role_that_may_not_create_temporary_tables(postgresql_url: str, tmp_path: Path) -> None:
    """And that may only read and insert: nothing else is needed."""
    engine = create_engine(postgresql_url, poolclass=NullPool)
    make_tables(engine)
    source = written(tmp_path, roles, ["name", "rank"], [(f"n{n}", "1") for n in range(200)])
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE feeder"))
        try:
            for right in (
                "GRANT SELECT, INSERT ON roles TO feeder",
                "GRANT USAGE ON SEQUENCE roles_id_seq TO feeder",
                f'REVOKE TEMP ON DATABASE "{make_url(postgresql_url).database}" FROM PUBLIC',
                "SET ROLE feeder",
            ):
                connection.execute(text(right))
            assert together(connection, roles, ("name",), batches_of(source, 100)).created == 200
            assert together(connection, roles, ("name",), batches_of(source, 100)).skipped == 200
        finally:
            connection.rollback()


def test_an_operator_of_a_stranger_is_not_called(postgresql_url: str, tmp_path: Path) -> None:
    """It fits the columns better than the server's own, and stands on the path."""
    engine = create_engine(postgresql_url, poolclass=NullPool)
    table = Table("named", MetaData(), Column("name", String(9), primary_key=True), Column("note", String(9)))
    source = written(tmp_path, table, ["name", "note"], [(f"n{n}", "x") for n in range(200)])
    with engine.begin() as connection:
        table.create(connection)
        for statement in (
            "CREATE FUNCTION planted(varchar, varchar) RETURNS bool LANGUAGE plpgsql AS"
            " 'BEGIN RAISE EXCEPTION ''planted''; END'",
            "CREATE FUNCTION planted(varchar, text) RETURNS bool LANGUAGE plpgsql AS"
            " 'BEGIN RAISE EXCEPTION ''planted''; END'",
            "CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = planted)",
            "CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = text, FUNCTION = planted)",
            "CREATE FUNCTION unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS"
            " 'BEGIN RAISE EXCEPTION ''planted''; END'",
            "SET LOCAL search_path = public, pg_catalog",
        ):
            connection.execute(text(statement))
        assert together(connection, table, ("name",), batches_of(source, 100)).created == 200
        assert together(connection, table, ("name",), batches_of(source, 100)).skipped == 200


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_through_a_pool_of_transactions(
    server: PostgresServer, postgresql_url: str, tmp_path: Path, driver: str
) -> None:
    """Each batch may get another session of the server."""
    pool = PgBouncer(server, pool_size=2)
    try:
        url = make_url(pool.url(postgresql_url)).set(drivername=f"postgresql+{driver}")
        toy = Toy(tmp_path, url.render_as_string(hide_password=False), tables=1, options={"batch_size": "50"})
        toy.with_seeds(120)
        assert toy.initializer().initialize().success
        file = toy.seeds / "10_t1.csv"
        file.write_text(file.read_text().replace("100,seed 0", "950,seed 0") + "900,last\n")
        assert toy.initializer().initialize().success
        assert len(toy.sql("SELECT id FROM t1")) == 121
    finally:
        pool.close()
