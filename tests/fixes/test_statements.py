"""Statements that the server ends, limits, or does not allow."""

from __future__ import annotations

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_POSTGRESQL, UNLESS, as_app, better
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy

RAISES = "op.execute(\"DO $$ BEGIN RAISE 'the other won' USING ERRCODE = '{}'; END $$\")"


@pytest.mark.parametrize(
    ("statement", "reference"),
    [
        pytest.param(RAISES.format("40P01"), "deadlock", marks=fixes("deadlock")),
        pytest.param(RAISES.format("40001"), "serialization-failure", marks=fixes("serialization-failure")),
        pytest.param(
            "op.execute('SELECT pg_cancel_backend(pg_backend_pid())')",
            "statement-cancelled",
            marks=fixes("statement-cancelled"),
        ),
    ],
)
@ON_POSTGRESQL
def test_a_statement_that_is_ended(
    person: Person, ready: Toy, once: None, statement: str, reference: str
) -> None:
    """By the server or by a person: what is printed tries again."""
    ready.revision(4, UNLESS + statement)
    person.fails("initdb run --wait-limit 0", reference)
    better(person)
    person.follows("initdb resume")


@fixes("statement-timeout")
@ON_POSTGRESQL
def test_a_limit_of_time(person: Person, server: PostgresServer, toy: Toy, app: str) -> None:
    """The printed statement takes it from the role."""
    as_app(person, toy)
    toy.revision(3, "    op.execute('SELECT pg_sleep(0.3)')")
    server.admin_execute("ALTER ROLE \"shop app\" SET statement_timeout = '200ms'")
    person.fails("initdb run", "statement-timeout")
    person.looks()
    person.follows("ALTER ROLE", "initdb resume")


@fixes("server-out-of-resources")
@ON_POSTGRESQL
def test_a_limit_of_space(person: Person, server: PostgresServer, toy: Toy, app: str) -> None:
    """The message names the limit; it is raised."""
    as_app(person, toy)
    sort = "SELECT count(*) FROM (SELECT i FROM generate_series(1, 50000) i ORDER BY md5(i::text)) s"
    toy.revision(3, f"    op.execute(\"SET LOCAL work_mem = '64kB'\")\n    op.execute({sort!r})")
    server.admin_execute("ALTER ROLE \"shop app\" SET temp_file_limit = '64kB'")
    error = person.fails("initdb run", "server-out-of-resources")
    assert "temp_file_limit" in error
    person.looks()
    server.admin_execute('ALTER ROLE "shop app" RESET temp_file_limit')
    person.follows("initdb resume")


@fixes("database-permission-denied")
@ON_POSTGRESQL
@pytest.mark.parametrize(
    ("change", "needed"),
    [
        ("op.add_column('t1', sa.Column('note', sa.Text))", "ALTER TABLE t1 OWNER TO"),
        ("op.execute(\"INSERT INTO t1 (id, name) VALUES (7, 'seven')\")", "GRANT SELECT, INSERT"),
    ],
)
def test_a_table_of_another_role(person: Person, toy: Toy, app: str, change: str, needed: str) -> None:
    """A superuser runs the printed statement."""
    as_app(person, toy)
    person.runs("initdb run")
    toy.sql("ALTER TABLE t1 OWNER TO postgres", 'GRANT SELECT ON t1 TO "shop app"')
    toy.revision(4, f"    {change}")
    person.fails("initdb run", "database-permission-denied")
    person.looks()
    person.follows(needed, "initdb resume")
