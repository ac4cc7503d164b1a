"""A failure of initdb's own statement is not called a failure of the revision or the seed that is at work."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine

from initdb.errors import InitError
from initdb.errors.own_statement import own_statement
from initdb.events.knowledge import Doubt
from initdb.events.sessions import session
from initdb.steps.one_revision.reconcile import Reconciling
from tests.support.toy import Toy, migrated


def refuse(toy: Toy, kind: str) -> None:
    """Let somebody's own trigger refuse the events of a type."""
    if toy.url.startswith("sqlite"):
        says = "BEGIN SELECT RAISE(ABORT, 'not on Fridays'); END"
        toy.sql(f"CREATE TRIGGER no BEFORE INSERT ON init_journal WHEN NEW.type = '{kind}' {says}")
        return
    toy.sql(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE check_violation USING MESSAGE = 'not on Fridays'; END $$",
        "CREATE TRIGGER no BEFORE INSERT ON init_journal FOR EACH ROW"
        f" WHEN (NEW.type = '{kind}') EXECUTE FUNCTION no()",
    )


@pytest.mark.parametrize("kind", ["migration_applied", "seed_batch_applied"])
def test_an_event_that_is_refused(tmp_path: Path, database_url: str, kind: str) -> None:
    """The journal is named, and that code of the database refused it; the work of the step was undone."""
    toy = migrated(tmp_path, database_url)
    assert toy.initializer().initialize().success
    refuse(toy, kind)
    if kind == "migration_applied":
        toy.revision(4, "    op.execute('CREATE TABLE t4 (id INTEGER)')")
    else:
        toy.with_seeds(9)
    error = toy.initializer().attend().error
    assert error is not None and error.reference == "entry-refused", error
    assert any("of the database refused it by RAISE" in line for line in error.context)
    assert "not on Fridays" not in str(error)
    assert error.context[-1] == "while revision r4 was at work" or kind == "seed_batch_applied"
    assert ("004_r4.py" in str(error)) is False
    toy.sql("DROP TRIGGER no" + (" ON init_journal" if database_url.startswith("postgresql") else ""))
    assert toy.initializer().resume().success


def test_a_look_that_is_refused(postgresql_url: str) -> None:
    """The statement that asks for a label of the interrupted block: its SQLSTATE is of class 22."""
    engine = create_engine(postgresql_url)
    ctx: Any = SimpleNamespace(database="postgresql")
    with session(engine) as connection:
        connection.exec_driver_sql("CREATE TYPE mood AS ENUM ('glad')")
        doubt = Doubt("migrate", "r4", 7, xid="no number")
        with pytest.raises(InitError) as caught:
            Reconciling(ctx, connection, doubt).settle("ALTER TYPE mood ADD VALUE 'glad'")
    assert caught.value.reference == "inspection-failed"
    assert "22P02" in str(caught.value)


def test_what_goes_on_as_it_is() -> None:
    """A signal, a mistake in code, and a statement after one that broke the transaction."""

    class Broken(Exception):
        pgcode = "25P02"

    class Deadlock(Exception):
        pgcode = "40P01"

    for error in (ValueError(), Broken(), Deadlock()):
        with pytest.raises(type(error)), own_statement("postgresql"):
            raise error
