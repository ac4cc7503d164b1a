"""Revisions that are held, that newer code has applied, or that cannot be rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import set_to
from tests.support.toy import Toy


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Always a file."""
    return sqlite_url


def file_of(toy: Toy, number: int) -> Path:
    """The file of revision r<number>."""
    return toy.migrations / "versions" / f"{number:03d}_r{number}.py"


@fixes("nothing-to-release")
def test_no_revision_is_held(person: Person, ready: Toy) -> None:
    """The state says so."""
    person.fails("initdb release", "nothing-to-release")
    person.looks()
    person.follows("initdb status")


@fixes("migration-held")
@pytest.mark.parametrize("way", ["changed", "released"])
def test_a_held_revision(person: Person, ready: Toy, way: str) -> None:
    """The file is changed, or the revision is released as printed."""
    set_to(person, "when_held", '"exit"')
    person.runs("initdb rollback --yes")
    person.fails("initdb run", "migration-held")
    assert "r3" in person.looks()[0].stdout
    if way == "changed":
        file_of(ready, 3).write_text(file_of(ready, 3).read_text() + "# once more\n")
        person.follows("initdb run")
    else:
        person.follows("initdb release", "initdb run")


@fixes("database-ahead")
def test_a_row_that_no_code_has(person: Person, ready: Toy) -> None:
    """The statement that is printed deletes it."""
    set_to(person, "when_ahead", '"exit"')
    ready.sql("INSERT INTO alembic_version VALUES ('zzz')")
    person.fails("initdb run", "database-ahead")
    person.follows("DELETE FROM", "initdb run")
    assert ready.sql("SELECT version_num FROM alembic_version") == [("r3",)]


@fixes("database-ahead")
@pytest.mark.parametrize("way", ["deployed", "serving"])
def test_newer_code_was_here(person: Person, ready: Toy, way: str) -> None:
    """The file is deployed, or the setting lets this code serve."""
    set_to(person, "when_ahead", '"exit"')
    last = file_of(ready, 3)
    content = last.read_text()
    last.unlink()
    person.fails("initdb run", "database-ahead")
    if way == "deployed":
        last.write_text(content)
    else:
        name, _, value = person.printed("when_ahead = ").partition(" = ")
        set_to(person, name, f'"{value}"')
    person.follows("initdb run")


@fixes("mark-refused")
def test_nothing_to_mark(person: Person, ready: Toy) -> None:
    """It is ready: both commands say so."""
    person.fails("initdb resume --mark-applied r2", "mark-refused")
    assert "ready" in person.follows("initdb status").stdout
    person.follows("initdb plan")


@fixes("rollback-refused")
def test_a_revision_that_is_not_applied(person: Person, ready: Toy) -> None:
    """Of a revision that is pending; the heads are named."""
    person.runs("initdb rollback --yes")
    person.fails("initdb rollback --yes --to r3", "rollback-refused", left=["REV"])
    person.looks()


@fixes("downgrade-missing")
def test_no_way_back(person: Person, ready: Toy) -> None:
    """It is written, and what is printed rolls back."""
    file = file_of(ready, 3)
    whole = file.read_text()
    file.write_text(whole[: whole.index("def downgrade")])
    person.runs("initdb resume --accept-edited")
    person.fails("initdb rollback --yes", "downgrade-missing")
    file.write_text(whole)
    command = person.printed("initdb rollback")
    person.runs(f"{command} --yes")
    person.runs("initdb status")
