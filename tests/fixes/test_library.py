"""In a Python program: printed are calls of its Initializer, and commands with options for what it gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Column, Engine, Integer, MetaData, Table, create_engine
from sqlalchemy.pool import NullPool

from initdb.statemachine.initializer import Initializer
from tests.fixes.claims import fixes
from tests.fixes.conftest import with_server
from tests.fixes.person import Done, Person
from tests.support.toy import ENV, REVISION

NOTHING = "    pass"


@pytest.fixture
def engine(person: Person, database_url: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """What the program hands over. No settings name anything."""
    if database_url.startswith("postgresql"):
        with_server(person, request.getfixturevalue("server"), database_url)
    made = create_engine(database_url, poolclass=NullPool)
    yield made
    made.dispose()


class Program:
    """A program with models of two tables."""

    def __init__(self, person: Person, engine: Engine) -> None:
        self.person, self.engine = person, engine

    def fails(self, reference: str, *rules: CheckConstraint) -> None:
        """It prints the errors and ends."""
        made = self.initializer(*rules).initialize()
        done = Done("initialize()", made.exit_code, "", "".join(f"{error}\n" for error in made.errors))
        self.person.meets(done, reference)

    def initializer(self, *rules: CheckConstraint) -> Initializer:
        return Initializer(self.engine, metadata=self.models(*rules), name="the shop")

    def models(self, *rules: CheckConstraint) -> MetaData:
        """Two tables."""
        made = MetaData()
        Table("stock", made, Column("id", Integer, primary_key=True))
        Table("shop", made, Column("id", Integer, primary_key=True), *rules)
        return made

    def follows(self, begins: str) -> Any:
        """Calls what is printed, on an Initializer of its own."""
        call = self.person.printed(begins)
        return eval(call.replace("Initializer(...)", "made"), {"made": self.initializer()})


@fixes("table-creation-failed")
def test_a_model_that_makes_no_sense(person: Person, engine: Engine) -> None:
    """It is corrected, and the failure is tried again by the call that is printed."""
    program = Program(person, engine)
    program.fails("table-creation-failed", CheckConstraint("price >"))
    assert program.follows("Initializer(...).resume").success


@fixes("revision-missing")
def test_a_directory_that_cannot_be_read(person: Person, engine: Engine) -> None:
    """What the first boot says names the calls of the library, too."""
    versions = person.folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "env.py").write_text("")
    (versions / "a.py").write_text("revision = 'a'\ndown_revision = 'b'\n")
    failed = Initializer(engine, migrations=versions.parent).initialize()
    done = Done("initialize()", failed.exit_code, "", "".join(f"{error}\n" for error in failed.errors))
    person.meets(done, "revision-missing")
    (versions.parent / "env.py").write_text(ENV.replace("{options}", ""))
    (versions / "b.py").write_text(
        REVISION.format(doc="b", name="b", down=None, up=NOTHING, down_body=NOTHING)
    )
    (versions / "a.py").write_text(
        REVISION.format(doc="a", name="a", down="b", up=NOTHING, down_body=NOTHING)
    )
    call = person.printed("Initializer(...).resume")
    made = Initializer(engine, migrations=versions.parent)
    assert eval(call.replace("Initializer(...)", "made"), {"made": made}).outcome == "ready"


@fixes("table-lost")
def test_a_table_that_is_gone(person: Person, engine: Engine) -> None:
    """The journal is read by a command, which names the database; the call makes the table again."""
    program = Program(person, engine)
    program.models().create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO shop VALUES (1)")
    assert program.initializer().initialize().success
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE shop")
    program.fails("table-lost")
    assert "ready" in person.looks()[0].stdout
    assert program.follows("Initializer(...).repair").success
    assert program.initializer().initialize().outcome == "ready"
