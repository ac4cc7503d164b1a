"""Defects that a repair cannot fix, or may not. The models are in a file of the folder."""

from __future__ import annotations

import re

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_POSTGRESQL, ON_SQLITE, Models, set_to
from tests.support.toy import Toy

ROWS = "INSERT INTO shop (id, name) VALUES (1, 'a'), (2, 'a')"


ORPHANS = """    op.execute("CREATE TABLE part (id INTEGER PRIMARY KEY, whole INTEGER REFERENCES t1 (id))")
    op.execute("INSERT INTO part VALUES (1, 99)")"""


@fixes("constraint-violation")
def test_rows_that_an_index_cannot_hold(person: Person, models: Models) -> None:
    """The duplicates are removed; then the page's command creates it."""
    person.runs("initdb run")
    models.toy.sql(ROWS)
    models.write('Index("one_name", "name", unique=True),')
    person.fails("initdb run", "repair-impossible")
    person.explains("constraint-violation")
    models.toy.sql("DELETE FROM shop WHERE id = 2")
    person.follows("initdb repair")
    person.runs("initdb run --mode check")


@fixes("constraint-violation")
@ON_POSTGRESQL
def test_rows_that_break_a_rule(person: Person, models: Models) -> None:
    """They are corrected; then the page's command creates it."""
    person.runs("initdb run")
    models.toy.sql(ROWS)
    models.write('CheckConstraint("id > 1", name="large"),')
    person.last = person.runs("initdb run")
    person.explains("constraint-violation")
    models.toy.sql("DELETE FROM shop WHERE id = 1")
    person.follows("initdb repair")
    assert "large" not in person.runs("initdb validate").stdout


@fixes("constraint-creation-failed")
@ON_POSTGRESQL
def test_a_rule_that_makes_no_sense(person: Person, models: Models) -> None:
    """The model is corrected."""
    person.runs("initdb run")
    models.write('CheckConstraint("price > 1", name="large"),')
    person.last = person.runs("initdb run")
    person.explains("constraint-creation-failed")
    models.write('CheckConstraint("id > 1", name="large"),')
    person.follows("initdb repair")
    assert "large" not in person.runs("initdb validate").stdout


@fixes("repair-failed")
def test_a_column_that_cannot_be_added(person: Person, models: Models) -> None:
    """The model is corrected."""
    person.runs("initdb run")
    models.write('Column("price", Integer, server_default=text("1 +")),')
    person.fails("initdb run", "repair-impossible")
    person.explains("repair-failed")
    models.write('Column("price", Integer),')
    person.follows("initdb resume")


@fixes("repair-impossible")
def test_a_column_that_rows_need(person: Person, models: Models) -> None:
    """The statements that are printed are run, with the value that only a person knows."""
    person.runs("initdb run")
    models.toy.sql(ROWS)
    models.write('Column("price", Integer, nullable=False),')
    error = person.fails("initdb run", "repair-impossible")
    for statement in re.findall(r"(?:ALTER|UPDATE) [^;]*", error):
        person.sql(statement.replace("<value>", "0"))
    person.follows("initdb resume")


@fixes("defects-remain")
@pytest.mark.parametrize("way", ["by hand", "as the defect says"])
def test_repairs_are_forbidden(person: Person, models: Models, way: str) -> None:
    """The list has what to do."""
    models.write('Index("by_name", "name"), Column("price", Integer),')
    set_to(person, "repair", '"never"')
    person.runs("initdb run")
    models.toy.sql("ALTER TABLE shop DROP COLUMN price")
    person.fails("initdb run", "defects-remain")
    assert "price" in person.looks()[0].output
    if way == "by hand":
        models.toy.sql("ALTER TABLE shop ADD COLUMN price INTEGER")
        person.follows("initdb resume")
    else:
        person.follows("initdb repair")
    person.runs("initdb run --mode check")


@fixes("index-creation-failed")
def test_an_index_that_makes_no_sense(person: Person, models: Models) -> None:
    """The model is corrected; then the page's command creates it."""
    person.runs("initdb run")
    models.write('Index("by_code", text("no_such(name)")),')
    person.last = person.type("initdb run")
    person.explains("index-creation-failed")
    models.write('Index("by_code", text("upper(name)")),')
    person.follows("initdb repair")
    person.runs("initdb run --mode check")


ENFORCED = """    from sqlalchemy import event
    event.listen(engine, "connect", lambda made, record: made.execute("PRAGMA foreign_keys = ON"))
"""


@fixes("constraint-violation")
@ON_SQLITE
def test_a_revision_that_leaves_orphans(person: Person, toy: Toy) -> None:
    """It is corrected; SQLite itself does not mind."""
    env = toy.migrations / "env.py"
    env.write_text(env.read_text().replace("    with engine", f"{ENFORCED}    with engine"))
    file = toy.revision(3, ORPHANS)
    assert "part" in person.fails("initdb run", "constraint-violation")
    file.write_text(file.read_text().replace("99", "1"))
    person.follows("initdb resume")
