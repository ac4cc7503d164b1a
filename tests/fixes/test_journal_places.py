"""Journals that are elsewhere, or of somebody else."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import make_url

from tests.bad_journals.owner import Owner
from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_POSTGRESQL, ON_SQLITE, as_app, set_to
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


@fixes("foreign-journal-table")
def test_a_table_of_another_program(person: Person, toy: Toy) -> None:
    """It is renamed as printed."""
    toy.sql("CREATE TABLE init_journal (id INTEGER)", "INSERT INTO init_journal VALUES (7)")
    person.fails("initdb run", "foreign-journal-table")
    person.follows("ALTER TABLE", "initdb run")
    assert toy.sql("SELECT id FROM not_of_initdb") == [(7,)]


@fixes("journal-of-another-application")
def test_another_name(person: Person, owner: Owner) -> None:
    """The journal has the name to set."""
    set_to(person, "application", '"shop"')
    person.fails("initdb run", "journal-of-another-application")
    shown = person.type(person.printed("initdb journal --last 1 --json")).stdout
    first = person.runs("initdb journal --json").stdout.splitlines()[0]
    assert shown
    set_to(person, "application", json.dumps(json.loads(first)["data"]["application"]))
    person.follows("initdb run")


@fixes("journal-elsewhere")
@ON_POSTGRESQL
def test_another_schema(person: Person, owner: Owner) -> None:
    """The printed query finds it."""
    set_to(person, "journal_schema", '"other"')
    person.fails("initdb run", "journal-elsewhere")
    (found,) = person.looks()
    set_to(person, "journal_schema", json.dumps(found.stdout.strip()))
    person.follows("initdb run")


@fixes("journal-newer")
@ON_SQLITE
def test_a_newer_version_was_here(person: Person, owner: Owner) -> None:
    """The printed pip command finds what is installed; once that is new enough, what is printed runs."""
    ((before,),) = owner.sql("SELECT min_writer FROM init_journal_head")
    owner.tamper("UPDATE init_journal_head SET min_writer = 99")
    person.fails("initdb run", "journal-newer")
    assert person.runs("initdb --version").stdout.startswith("initdb-journal ")
    pip, then = person.printed("pip install"), person.printed("initdb run")
    person.runs(f"{pip} --dry-run --no-deps --no-index")
    owner.tamper(f"UPDATE init_journal_head SET min_writer = {before}")
    person.runs(then)


@fixes("journal-permission")
@ON_POSTGRESQL
@pytest.mark.parametrize("journal", ["there is no journal", "another role owns the journal"])
def test_a_role_with_few_rights(
    person: Person, server: PostgresServer, toy: Toy, app: str, journal: str
) -> None:
    """The owner runs the printed statements."""
    toy.sql(f"ALTER DATABASE {make_url(toy.url).database} OWNER TO postgres")
    if journal.startswith("another"):
        person.runs("initdb run")
        toy.with_seeds(6)
        grant = 'GRANT {} TO "shop app"'.format
        rights = ("ALL ON t1, t2, t3", "ALL ON ALL SEQUENCES IN SCHEMA public", "SELECT ON alembic_version")
        toy.sql(*map(grant, rights))
    as_app(person, toy)
    error = person.fails("initdb run", "journal-permission")
    (line,) = (one for one in error.splitlines() if f"If {journal}" in one)
    for statement in line.partition(": GRANT")[2].split("; GRANT"):
        person.sql(f"GRANT{statement}")
    person.follows("initdb run")
