"""Schemas that cannot be created from models, or not in the way that revisions need."""

from __future__ import annotations

import shutil
from pathlib import Path

import alembic
import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import MODELS, ON_SQLITE, Models, set_to
from tests.support.toy import Toy


@fixes("table-creation-failed")
def test_a_model_that_makes_no_sense(person: Person, models: Models) -> None:
    """It is corrected, and what is printed goes on."""
    models.write('CheckConstraint("price >"),')
    person.fails("initdb run", "table-creation-failed")
    models.write()
    person.follows("initdb resume")


@fixes("conflicting-object")
def test_a_view_in_the_way(person: Person, models: Models) -> None:
    """It is removed."""
    models.toy.sql("CREATE VIEW shop AS SELECT 1 AS id")
    person.fails("initdb run", "conflicting-object")
    models.toy.sql("DROP VIEW shop")
    person.follows("initdb resume")


@ON_SQLITE
@fixes("no-revisions")
def test_no_revision_yet(person: Person, toy: Toy) -> None:
    """Alembic writes the first one, as printed."""
    for file in (toy.migrations / "versions").glob("*.py"):
        file.unlink()
    shutil.copy(Path(alembic.__file__).parent / "templates/generic/script.py.mako", toy.migrations)
    env = toy.migrations / "env.py"
    env.write_text(
        env.read_text()
        .replace("connection=connection", "connection=connection, target_metadata=metadata")
        .replace("\n", "\nfrom models import metadata\n", 1)
    )
    (person.folder / "models.py").write_text(MODELS)
    set_to(person, "metadata", '"models:metadata"')
    set_to(person, "seeds", None)
    person.fails("initdb run", "no-revisions")
    person.looks()
    person.follows("initdb alembic revision --autogenerate", "initdb run")
    assert toy.sql("SELECT count(*) FROM t3") == [(0,)]


@ON_SQLITE
@fixes("table-creation-failed")
def test_a_base_that_fails(person: Person, toy: Toy) -> None:
    """The function is corrected."""
    file = person.folder / "legacy.py"
    file.write_text("def make(connection):\n    {}['tables']\n")
    set_to(person, "base", '"legacy:make"')
    set_to(person, "schema_from", '"base"')
    assert "legacy.py line 2" in person.fails("initdb run", "table-creation-failed")
    file.write_text(
        "def make(connection):\n    connection.exec_driver_sql('CREATE TABLE base (id INTEGER)')\n"
    )
    person.follows("initdb resume")


NEEDS = "    op.add_column('old', sa.Column('note', sa.Text))"


@fixes("revisions-need-tables")
@pytest.mark.parametrize("way", ["base = ", "schema_from = "])
def test_revisions_that_came_later(person: Person, toy: Toy, way: str) -> None:
    """The setting that is printed says where the first tables come from."""
    toy.revision(1, NEEDS)
    (person.folder / "models.py").write_text(f"{MODELS}\nTable('old', metadata, Column('id', Integer))\n")
    set_to(person, "metadata", '"models:metadata"')
    person.fails("initdb run", "revisions-need-tables")
    person.looks()
    name, _, value = person.printed(way).partition(" = ")
    set_to(person, name, value.replace("module:metadata", "models:metadata"))
    if name == "base":
        toy.revision(2, "    pass")
        toy.revision(3, "    pass")
    person.follows("initdb run")
