"""Several Alembic directories in one database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cli.console import toy_project
from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import set_to
from tests.support.toy import ENV, Toy

OF_ITS_OWN = ENV.format(options=", version_table='stock_version'")


@pytest.fixture
def second(person: Person, toy: Toy) -> Person:
    """In a folder with other tables and revisions, and the same database, which the first has made ready."""
    set_to(person, "application", None)
    person.runs("initdb run")
    folder = person.folder / "stock"
    folder.mkdir()
    other = replace(person, folder=folder, met=person.met, typed=person.typed)
    for file in (*toy_project(folder, toy.url, rows=0).migrations.glob("versions/*.py"),):
        text = file.read_text()
        for number in (1, 2, 3):
            text = text.replace(f"t{number}", f"stock{number}").replace(f'"r{number}', f'"s{number}')
            text = text.replace(f"'r{number}", f"'s{number}")
        file.write_text(text)
    set_to(other, "application", None)
    return other


@fixes("journal-of-another-directory")
def test_a_version_table_of_its_own(person: Person, second: Person, toy: Toy) -> None:
    """It gets a journal of its own."""
    (second.folder / "alembic" / "env.py").write_text(OF_ITS_OWN)
    second.fails("initdb run", "journal-of-another-directory")
    second.follows("initdb run")
    assert toy.sql("SELECT version_num FROM stock_version") == [("s3",)]
    person.runs("initdb run")


@fixes("version-table-renamed")
def test_another_name_for_the_version_table(person: Person, toy: Toy) -> None:
    """The table is renamed as printed, and the next revision is applied."""
    person.runs("initdb run")
    toy.tables, toy.env_options = toy.tables + 1, ", version_table='stock_version'"
    toy.with_revisions()
    person.fails("initdb run", "version-table-renamed")
    person.follows("ALTER TABLE", "initdb run")
    assert toy.sql("SELECT version_num FROM stock_version") == [("r4",)]


@fixes("version-table-shared")
def test_the_same_version_table(person: Person, second: Person, toy: Toy) -> None:
    """The printed argument is written into env.py, the printed settings into initdb.toml."""
    second.fails("initdb run", "version-table-shared")
    option = next(word for word in second.error.split() if word.startswith("version_table="))
    (second.folder / "alembic" / "env.py").write_text(ENV.format(options=f", {option}"))
    second.looks()
    typed = second.follows("initdb run").command.split()
    for name, option in (("application", "--application"), ("journal_schema", "--journal-schema")):
        set_to(second, name, f'"{typed[typed.index(option) + 1]}"')
    assert "ready" in second.runs("initdb run").output
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]
    person.runs("initdb run")
