"""Databases that something else has made or changed."""

from __future__ import annotations

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import MODELS, set_to
from tests.support.toy import Toy


def create_all(toy: Toy) -> None:
    """As the application did before it had revisions."""
    engine = toy.engine()
    toy.metadata().create_all(engine)
    engine.dispose()


@fixes("adoption-refused")
def test_tables_without_a_history(person: Person, toy: Toy) -> None:
    """The revision that they correspond to is named in the printed command."""
    (person.folder / "models.py").write_text(MODELS)
    set_to(person, "metadata", '"models:metadata"')
    toy.tables = 2
    create_all(toy)
    person.fails("initdb run", "adoption-refused", left=["REV"])
    person.runs(person.printed("initdb resume --mark-applied").replace("REV", "r2"))
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


@fixes("adoption-failed")
def test_a_version_table_that_is_none(person: Person, toy: Toy) -> None:
    """A view has its name."""
    create_all(toy)
    (person.folder / "models.py").write_text(MODELS)
    set_to(person, "metadata", '"models:metadata"')
    rows = "SELECT name AS version_num FROM {} WHERE id < 0"
    toy.sql(f"CREATE VIEW alembic_version AS {rows.format('t1')} UNION {rows.format('t2')}")
    person.fails("initdb run", "adoption-failed")
    person.looks()
    toy.sql("DROP VIEW alembic_version")
    person.follows("initdb resume")
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


@fixes("table-lost")
def test_a_table_that_is_gone(person: Person, toy: Toy) -> None:
    """It comes back without its rows, by the printed command."""
    (person.folder / "models.py").write_text(MODELS)
    set_to(person, "metadata", '"models:metadata"')
    person.runs("initdb run")
    toy.sql("DROP TABLE t1")
    person.fails("initdb run", "table-lost")
    person.looks()
    person.follows("initdb repair")
    person.runs("initdb run --mode check")


@fixes("inspection-failed")
def test_a_version_table_of_another_program(person: Person, toy: Toy) -> None:
    """It is renamed as printed."""
    toy.sql("CREATE TABLE alembic_version (version INTEGER)")
    person.fails("initdb run", "inspection-failed")
    person.looks()
    person.follows("ALTER TABLE", "initdb run")
