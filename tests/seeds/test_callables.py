"""Functions that work on the connection: what they may do, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.steps.seeds.callables import call
from initdb.steps.seeds.model import SeedSource
from tests.seeds.support import Interrupted, count, members, roles, seed_once, told


def source_of(function: Callable[[Connection], object]) -> SeedSource:
    return SeedSource("shop.fill", "python callable", None, "d", function=function)


def by_core(connection: Connection) -> int:
    connection.execute(insert(roles), [{"name": "a"}, {"name": "b"}])
    return 2


def by_session(connection: Connection) -> None:
    with Session(connection) as session:
        session.execute(insert(roles).values(name="a"))
        session.commit()
        session.execute(insert(roles).values(name="lost"))
        session.rollback()
        session.execute(insert(roles).values(name="b"))
        session.commit()


def by_savepoint(connection: Connection) -> None:
    by_core(connection)
    savepoint = connection.begin_nested()
    connection.execute(insert(roles).values(name="lost"))
    savepoint.rollback()
    connection.exec_driver_sql("SAVEPOINT own")
    connection.exec_driver_sql("ROLLBACK TO SAVEPOINT own")


@pytest.mark.parametrize("function", [by_core, by_session, by_savepoint])
def test_a_function_works_in_the_units_transaction(
    tables: Engine, function: Callable[[Connection], object]
) -> None:
    """Core, an ORM Session that commits and rolls back, and savepoints all work inside the unit."""
    seed_once(tables, source_of(function))
    assert count(tables, roles) == 2
    (data,) = told(tables)
    assert (data["source"], data["complete"]) == ("shop.fill", True)
    assert data["created"] == (2 if function is by_core else 0)


def test_a_function_is_undone_with_its_unit(tables: Engine) -> None:
    """What it did is kept only with its event."""
    with pytest.raises(Interrupted):
        seed_once(tables, source_of(by_session), dies_before_commit=0)
    assert count(tables, roles) == 0
    seed_once(tables, source_of(by_session))
    assert count(tables, roles) == 2


def facade_commit(connection: Connection) -> None:
    connection.commit()


def facade_rollback(connection: Connection) -> None:
    connection.rollback()


def facade_close(connection: Connection) -> None:
    connection.close()


def transactions_commit(connection: Connection) -> None:
    transaction = connection.get_transaction()
    assert transaction is not None
    transaction.commit()


def transactions_rollback(connection: Connection) -> None:
    transaction = connection.get_transaction()
    assert transaction is not None
    transaction.rollback()


def sent_commit(connection: Connection) -> None:
    connection.execute(text(" -- why not\n commit"))


def swallowed(connection: Connection) -> None:
    try:
        connection.commit()
    except Exception:
        connection.execute(insert(roles).values(name="after"))


@pytest.mark.parametrize(
    "ending",
    [
        facade_commit,
        facade_rollback,
        facade_close,
        transactions_commit,
        transactions_rollback,
        sent_commit,
        swallowed,
    ],
)
def test_the_transaction_is_not_ended_by_a_function(
    tables: Engine, ending: Callable[[Connection], object]
) -> None:
    """The attempt is refused before it reaches the driver, so nothing of the function stays."""

    def function(connection: Connection) -> None:
        by_core(connection)
        ending(connection)

    with pytest.raises(InitError) as caught:
        seed_once(tables, source_of(function))
    assert caught.value.reference == "seed-callable-failed"
    assert "committed for it" in caught.value.context[0]
    first = ending.__code__.co_firstlineno
    lines = [f"shop.fill ({__file__} line {first + n}): it " for n in (1, 2, 3)]
    assert caught.value.context[0].startswith(tuple(lines))
    assert count(tables, roles) == 0
    assert told(tables) == []


@pytest.mark.parametrize(
    "ending", [facade_commit, facade_close, transactions_commit, transactions_rollback, sent_commit]
)
def test_a_connection_can_be_used_after_a_refusal(
    work: Connection, ending: Callable[[Connection], object]
) -> None:
    """The connection has its own methods again, and its transaction is as it was."""
    with pytest.raises(InitError):
        call(source_of(ending), work)
    assert work.execute(select(roles)).all() == []
    assert call(source_of(by_core), work) == 2
    assert "commit" not in vars(work)


def test_a_commit_below_sqlalchemy_is_found(tables: Engine) -> None:
    """The savepoint is gone: the error says what stays."""

    def function(connection: Connection) -> None:
        by_core(connection)
        database_of(connection).commit(connection)

    with pytest.raises(InitError) as caught:
        seed_once(tables, source_of(function))
    assert "it ended the transaction" in caught.value.context[0]
    assert "stays in the database" in caught.value.rendered().kept
    assert told(tables) == []


def raises(connection: Connection) -> None:
    raise RuntimeError("the file is\nnot there")


def breaks_a_rule(connection: Connection) -> None:
    connection.execute(insert(roles), [{"name": "hunter2"}, {"name": "hunter2"}])


@pytest.mark.parametrize(
    ("function", "reference", "said"),
    [
        (raises, "seed-callable-failed", ": RuntimeError"),
        (breaks_a_rule, "seed-rejected", "roles"),
    ],
)
def test_a_function_that_fails(
    tables: Engine, function: Callable[[Connection], Any], reference: str, said: str
) -> None:
    """The error has its type and the line of the function, and neither text nor parameters."""
    with pytest.raises(InitError) as caught:
        seed_once(tables, source_of(function))
    error = caught.value
    assert error.reference == reference
    line = function.__code__.co_firstlineno + 1
    assert error.context[0].startswith(f"shop.fill ({__file__} line {line}): ")
    assert said in error.context[0]
    assert "hunter2" not in str(error)
    assert "the file is" not in str(error)
    assert count(tables, roles) == 0


def test_what_is_of_the_moment_passes(tables: Engine) -> None:
    """A lock timeout is raised as it came, since the loop classifies it."""

    def function(connection: Connection) -> None:
        raise OperationalError("SELECT 1", {}, Exception("busy"))

    with pytest.raises(OperationalError):
        seed_once(tables, source_of(function))


def test_a_declared_key_lets_a_callable_run_on_an_adopted_database(tables: Engine) -> None:
    """Without a key it is recorded as assumed, and not run."""
    seed_once(tables, source_of(raises), adopted=True)
    (data,) = told(tables)
    assert (data["assumed"], data["complete"], data["created"]) == (True, True, 0)
    keyed = SeedSource("shop.keyed", "python callable", "roles", "d", ("name",), function=by_core)
    seed_once(tables, source_of(raises), keyed, adopted=True)
    assert count(tables, roles) == 2
    assert count(tables, members) == 0
    assert [event["source"] for event in told(tables)] == ["shop.fill", "shop.keyed"]
