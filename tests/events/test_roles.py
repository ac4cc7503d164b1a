"""PostgreSQL's roles: one with few rights can write the journal, also after a revision's SET."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError

from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.verify import verify
from tests.events.journals import append, begin, commit, following, make, rollback, stored
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

GRANTS = """
GRANT SELECT, INSERT ON init_journal TO {role};
GRANT SELECT, UPDATE (id) ON init_journal_head TO {role};
"""


@dataclass(frozen=True, slots=True)
class Roles:
    """Two roles that own nothing."""

    small: str
    other: str


@pytest.fixture
def roles(server: PostgresServer, engine: Engine) -> Iterator[Roles]:
    """The roles of this test."""
    mark = uuid.uuid4().hex[:8]
    made = Roles(f"small_{mark}", f"other_{mark}")
    for role in (made.small, made.other):
        server.admin_execute(f"CREATE ROLE {role} LOGIN")
    yield made
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {made.small}, {made.other}")
    for role in (made.small, made.other):
        server.admin_execute(f"DROP ROLE {role}")


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal of the superuser."""
    return make(engine)


@pytest.fixture
def granted(engine: Engine, journal: Journal, roles: Roles) -> Roles:
    """The small role gets the grants that the documentation names."""
    with engine.begin() as connection:
        connection.exec_driver_sql(GRANTS.format(role=roles.small))
    return roles


def _as(url: str, role: str) -> Engine:
    return create_engine(make_url(url).set(username=role), poolclass=NullPool)


def _work(journal: Journal, connection: Connection, *statements: str) -> None:
    """Run one unit in which a revision executes `statements`."""
    begin(connection)
    head = journal.lock_head(connection)
    for statement in statements:
        connection.exec_driver_sql(statement)
    append(journal, connection, head=head)
    commit(connection)


def test_a_small_role_locks_and_appends(database_url: str, journal: Journal, granted: Roles) -> None:
    """It needs INSERT and SELECT on the journal, SELECT and UPDATE (id) on the head. The functions do the
    rest."""
    with session(_as(database_url, granted.small)) as connection:
        _work(journal, connection)
        _work(journal, connection)
        assert journal.head(connection).seq == 3
        assert verify(stored(journal, connection), journal.head(connection)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE init_journal_head SET seq = 9",
        "UPDATE init_journal_head SET id = 1",
        "UPDATE init_journal SET event = 'x'",
        "DELETE FROM init_journal",
        "TRUNCATE init_journal",
        "INSERT INTO init_journal_head VALUES (2, 0, 'x', 2, 1)",
        "ALTER TABLE init_journal DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "SELECT init_journal_append()",
    ],
)
def test_a_small_role_can_do_no_more(
    database_url: str, journal: Journal, granted: Roles, statement: str
) -> None:
    """It can do no more by its rights, nor through the functions that run as their owner."""
    with session(_as(database_url, granted.small)) as connection:
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql(statement)
        rollback(connection)


def test_a_trigger_function_of_ours_on_another_table_moves_nothing(
    database_url: str, engine: Engine, journal: Journal, granted: Roles
) -> None:
    """Nobody else may use the function. If it is allowed, the head's own guard refuses it."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"GRANT CREATE ON SCHEMA public TO {granted.small}")
        head = journal.head(connection)
    with session(_as(database_url, granted.small)) as connection:
        connection.exec_driver_sql("CREATE TABLE bait (seq bigint, hash text, prev_hash text)")
        trigger = "CREATE TRIGGER t AFTER INSERT ON bait FOR EACH ROW EXECUTE FUNCTION init_journal_append()"
        commit(connection)
        with pytest.raises(DBAPIError, match="permission denied for function"):
            connection.exec_driver_sql(trigger)
        rollback(connection)
        with engine.begin() as owner:
            owner.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION init_journal_append() TO {granted.small}")
        connection.exec_driver_sql(trigger)
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql(f"INSERT INTO bait VALUES ({head.seq + 1}, 'forged', '{head.hash}')")
        rollback(connection)
        assert journal.head(connection) == head


def test_operators_of_another_schema_do_not_pass_the_guard(
    database_url: str, engine: Engine, journal: Journal, granted: Roles
) -> None:
    """The caller must not decide what `=` means in functions that run as their owner."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA evil AUTHORIZATION {granted.small}")
    with session(_as(database_url, granted.small)) as connection:
        head = journal.head(connection)
        for statement in (
            "CREATE FUNCTION evil.yes(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.yes)",
            "SET LOCAL search_path = evil, pg_catalog",
        ):
            connection.exec_driver_sql(statement)
        assert connection.exec_driver_sql("SELECT 'a'::text = 'b'::text").scalar()
        entry = following(journal, connection, "outage", {}, replace(head, hash="f" * 64))
        with pytest.raises(DBAPIError):
            journal.append(connection, entry)
        rollback(connection)
        assert journal.head(connection) == head


@pytest.mark.parametrize(
    "statement",
    [
        "SET search_path = pg_catalog",
        "SET LOCAL search_path = nowhere",
        "SET search_path = ''",
        "SELECT set_config('search_path', 'other', false)",
        "SET ROLE {other}",
        "SET LOCAL ROLE {other}",
        "SET session_replication_role = replica",
        "SET LOCAL session_replication_role = replica",
        "SET row_security = off",
        "CREATE SCHEMA other; CREATE TABLE other.init_journal_head AS SELECT * FROM init_journal_head;"
        " SET search_path = other, public",
        "CREATE TEMP TABLE init_journal_head AS SELECT * FROM public.init_journal_head",
    ],
)
def test_what_a_revision_sets_does_not_break_an_append(
    engine: Engine, journal: Journal, roles: Roles, statement: str
) -> None:
    """A plain SET stays in force on the connection. It breaks neither this unit nor the next one."""
    with session(engine) as connection:
        _work(journal, connection, *statement.format(other=roles.other).split("; "))
        _work(journal, connection)
        _work(journal, connection)
    with session(engine) as connection:
        assert verify(stored(journal, connection), journal.head(connection)) == []
        assert journal.head(connection).seq == 4


def test_a_role_that_a_revision_set_is_in_force_for_the_next(
    engine: Engine, journal: Journal, roles: Roles
) -> None:
    """With plain Alembic it is the same: later revisions create objects of that role. The journal does not
    need it."""
    with session(engine) as connection:
        _work(journal, connection, f"SET ROLE {roles.other}")
        begin(connection)
        head = journal.lock_head(connection)
        assert connection.exec_driver_sql("SELECT current_user").scalar() == roles.other
        append(journal, connection, head=head)
        commit(connection)
        assert connection.exec_driver_sql("SELECT current_user").scalar() == roles.other


def test_an_env_py_that_has_changed_its_role_before_is_no_hindrance(
    database_url: str, engine: Engine, journal: Journal, roles: Roles
) -> None:
    """The first unit gets its connection only after that."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET ROLE {roles.other}")
        connection.commit()
        connection.begin()
        _work(journal, connection)
        assert connection.exec_driver_sql("SELECT current_user").scalar() == roles.other
        rollback(connection)


def working_as(login: Engine, role: str) -> Engine:
    """The engine, whose connections change to a role as they are made."""

    @event.listens_for(login, "connect")
    def become(dbapi, record) -> None:  # type: ignore[no-untyped-def]
        with dbapi.cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")
        dbapi.commit()

    return login


def test_an_engine_that_works_in_a_role_of_its_own(
    server: PostgresServer, database_url: str, engine: Engine, roles: Roles
) -> None:
    """The engine sends SET ROLE in its connect event, because the login role may do nothing."""
    server.admin_execute(f"GRANT {roles.other} TO {roles.small}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"GRANT CREATE ON SCHEMA public TO {roles.other}")
    login = working_as(_as(database_url, roles.small), roles.other)
    journal = make(login)
    with session(login) as connection:
        _work(journal, connection)
        assert journal.head(connection).seq == 2


def test_without_grants_the_refusal_is_the_databases(
    database_url: str, journal: Journal, roles: Roles
) -> None:
    """The second attempt does not hide the database's error."""
    with session(_as(database_url, roles.small)) as connection:
        begin(connection)
        with pytest.raises(DBAPIError) as error:
            journal.lock_head(connection)
        assert getattr(error.value.orig, "pgcode", None) == "42501"
