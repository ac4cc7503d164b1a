"""Finding the application's journal: whether it exists, in which schema, and who owns it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.events.baton import try_baton
from initdb.events.find import find
from initdb.events.head import Head
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.verify import verify
from initdb.events.views import VIEWS
from tests.events.journals import (
    APPLICATION,
    append_committed,
    begin,
    commit,
    make,
    rollback,
    schema_of,
    stored,
)

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def _find(
    engine: Engine, wanted: str | None = None, application: str = APPLICATION
) -> tuple[str | None, bool]:
    with session(engine) as connection:
        journal, exists = find(connection, application, wanted)
        assert journal.application == application
        return journal.schema, exists


def _head(engine: Engine, journal: Journal) -> Head:
    with session(engine) as connection:
        return journal.head(connection)


def test_in_an_empty_database_there_is_none(engine: Engine) -> None:
    """It would be made in the session's schema."""
    assert _find(engine) == (schema_of(engine), False)


def test_a_journal_that_is_there_is_found(engine: Engine) -> None:
    """It is found by its table."""
    make(engine)
    assert _find(engine) == (schema_of(engine), True)


def test_looking_leaves_the_session_usable(engine: Engine) -> None:
    """No error, no savepoint and no transaction remains."""
    with session(engine) as connection:
        find(connection, APPLICATION, None)
        rollback(connection)
        begin(connection)
        commit(connection)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_has_no_schemas(engine: Engine) -> None:
    """A setting that is meant for PostgreSQL has no effect on a SQLite file."""
    assert _find(engine, "audit") == ("main", False)
    make(engine)
    assert _find(engine, "audit") == ("main", True)


@ON_POSTGRESQL
def test_the_schema_of_the_setting_is_made(engine: Engine) -> None:
    """The setting journal_schema may name a schema that does not exist yet."""
    assert _find(engine, "audit") == ("audit", False)
    make(engine, "audit")
    assert _find(engine, "audit") == _find(engine) == ("audit", True)


@ON_POSTGRESQL
def test_it_is_remembered_by_where_it_is(engine: Engine) -> None:
    """It is found without the setting, and with another search_path than that of the first boot."""
    make(engine, "audit")
    with session(engine) as connection:
        connection.exec_driver_sql("CREATE SCHEMA app")
        connection.exec_driver_sql("SET search_path = app")
        commit(connection)
        journal, exists = find(connection, APPLICATION, None)
    assert (journal.schema, exists) == ("audit", True)


@ON_POSTGRESQL
def test_another_schema_than_the_journals_is_refused(engine: Engine) -> None:
    """A second journal would know only half of the history."""
    make(engine)
    with pytest.raises(InitError) as error:
        _find(engine, "audit")
    assert error.value.reference == "journal-elsewhere"
    assert "'audit'" in error.value.context[0] and "'public'" in error.value.context[0]


@ON_POSTGRESQL
def test_two_applications_in_one_database(engine: Engine) -> None:
    """Each finds its own journal, with the setting and without. Each has a baton and a chain of its own."""
    shop = make(engine)
    assert _find(engine, "billing", "billing") == ("billing", False)
    billing = make(engine, "billing", "billing")
    assert _find(engine) == _find(engine, "public") == ("public", True)
    assert _find(engine, None, "billing") == _find(engine, "billing", "billing") == ("billing", True)
    append_committed(shop, engine)
    append_committed(billing, engine)
    append_committed(billing, engine)
    with session(engine) as connection:
        assert (shop.head(connection).seq, billing.head(connection).seq) == (2, 3)
        for journal in (shop, billing):
            assert verify(stored(journal, connection), journal.head(connection)) == []
    held = [try_baton(engine, shop), try_baton(engine, billing)]
    assert all(held) and try_baton(engine, shop) is None
    for baton in held:
        assert baton is not None
        baton.release()


def test_a_lock_is_one_applications_in_one_schema_for_one_purpose() -> None:
    """Two installations of one application in one database do not block each other either."""
    keys = {
        Journal(schema, application).key(purpose)
        for schema in ("public", "staging")
        for application in ("shop", "billing")
        for purpose in ("baton", "first")
    }
    assert len(keys) == 8


@ON_POSTGRESQL
def test_a_unit_of_one_application_does_not_stop_the_other(engine: Engine) -> None:
    """Their heads are two rows."""
    shop, billing = make(engine), make(engine, "billing", "billing")
    with session(engine) as first, session(engine) as second:
        shop.lock_head(first)
        assert billing.lock_head(second).seq == 1


@ON_POSTGRESQL
def test_the_only_journal_is_shown_whosever_it_is(engine: Engine) -> None:
    """Without a setting the journal of another application is found too, so that it can be refused."""
    make(engine, application="billing")
    assert _find(engine) == ("public", True)


@ON_POSTGRESQL
def test_a_temporary_table_is_no_journal(engine: Engine) -> None:
    """It may be of this session or of another."""
    with session(engine) as other:
        other.exec_driver_sql("CREATE TEMP TABLE init_journal_head (id int)")
        commit(other)
        assert _find(engine) == ("public", False)


def test_half_a_journal_is_an_error(engine: Engine) -> None:
    """No new journal is begun."""
    make(engine)
    with session(engine) as connection:
        for view in VIEWS:
            connection.exec_driver_sql(f"DROP VIEW {view}")
        connection.exec_driver_sql("DROP TABLE init_journal")
        commit(connection)
    with pytest.raises(InitError) as error:
        _find(engine)
    assert error.value.reference == "journal-unreadable"


@ON_POSTGRESQL
@pytest.mark.parametrize("schema", ['we"ird', "a%b", "x :y", "Ünï Code", "a$$b", "q'q", "A.b", "100% :a \\"])
def test_a_schema_may_have_any_name(engine: Engine, schema: str) -> None:
    """Every statement quotes it, also in the functions of the triggers."""
    journal = make(engine, schema)
    append_committed(journal, engine)
    assert _find(engine, schema) == _find(engine) == (schema, True)
    with session(engine) as connection:
        assert [entry.seq for entry in journal.read(connection)] == [1, 2]
        assert journal.lock_head(connection).seq == journal.last(connection)[0] == 2
        journal.check_guards(connection)
        rollback(connection)
        with pytest.raises(InitError):
            find(connection, APPLICATION, "elsewhere")
