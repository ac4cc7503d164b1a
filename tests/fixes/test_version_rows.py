"""Version rows that others have changed."""

from __future__ import annotations

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ini
from tests.support.toy import Toy


@fixes("history-conflict")
@pytest.mark.parametrize("way", ["--retry", "--mark-applied"])
def test_a_version_row_that_was_set_back(person: Person, ready: Toy, way: str) -> None:
    """Somebody else has rolled back: with the tables, or only the row."""
    ready.sql("UPDATE alembic_version SET version_num = 'r2'")
    if way == "--retry":
        ready.sql("DROP TABLE t3")
    person.fails("initdb run", "history-conflict")
    person.looks()
    person.follows(f"initdb resume {way}")
    assert ready.sql("SELECT version_num FROM alembic_version") == [("r3",)]


@fixes("history-conflict")
@pytest.mark.parametrize("way", ["--retry", "--mark-applied"])
def test_version_rows_of_two_revisions(person: Person, ready: Toy, way: str) -> None:
    """Both are lost: the commands name both, in their order."""
    ready.sql("UPDATE alembic_version SET version_num = 'r1'")
    if way == "--retry":
        ready.sql("DROP TABLE t3", "DROP TABLE t2")
    person.fails("initdb run", "history-conflict")
    person.follows(f"initdb resume {way}")
    assert ready.sql("SELECT version_num FROM alembic_version") == [("r3",)]
    person.runs("initdb run")


@fixes("version-rows-overlap")
def test_a_row_too_many(person: Person, ready: Toy) -> None:
    """The statement that is printed leaves the newest row."""
    ini(person, ready)
    ready.sql("INSERT INTO alembic_version VALUES ('r1')")
    person.fails("initdb run", "version-rows-overlap", code=1)
    person.looks()
    person.follows("DELETE FROM", "initdb run")
    assert ready.sql("SELECT version_num FROM alembic_version") == [("r3",)]
