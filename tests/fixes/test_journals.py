"""Journals that are missing or damaged."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import make_url

from tests.bad_journals.damages import DAMAGES
from tests.bad_journals.owner import Owner
from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


def damage(owner: Owner, name: str) -> None:
    """One of tests/bad_journals."""
    (found,) = (one for one in DAMAGES if one.name == name)
    found.act(owner)


@fixes("journal-missing")
def test_no_journal(person: Person, toy: Toy) -> None:
    """A run creates it."""
    if not person.database:
        toy.sql("CREATE TABLE other (id INTEGER)")
    person.fails("initdb journal verify", "journal-missing", code=5)
    person.looks()
    person.follows("initdb run")
    person.runs("initdb journal verify")


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        pytest.param("no head table", "journal-unreadable", marks=fixes("journal-unreadable")),
        pytest.param("a gap", "journal-tampered", marks=fixes("journal-tampered")),
    ],
)
@pytest.mark.parametrize("way", ["a backup", "a new journal"])
def test_a_damaged_journal(person: Person, owner: Owner, name: str, reference: str, way: str) -> None:
    """verify shows it, as printed; then a backup is put back, or the page's commands begin a new journal."""
    backup = owner.backup()
    damage(owner, name)
    person.fails("initdb run", reference)
    assert person.type(person.printed("initdb journal verify")).code == 1
    if way == "a backup":
        owner.restore(backup)
        person.runs("initdb run")
    else:
        owner.follow(reference, "clean-up")
    person.runs("initdb journal verify")


@fixes("journal-trigger-missing")
def test_a_guard_that_was_dropped(person: Person, owner: Owner, request: pytest.FixtureRequest) -> None:
    """Its statement is taken from a new database, made as the page says."""
    lost, table = next(iter(owner.triggers().items()))
    owner.sql(f"DROP TRIGGER {lost}" + (f" ON {table}" if person.database else ""))
    person.fails("initdb run", "journal-trigger-missing")
    assert lost in person.type(person.printed("initdb journal verify")).stdout
    page = person.runs(person.printed("initdb explain")).stdout
    if person.database:
        server: PostgresServer = request.getfixturevalue("server")
        new = make_url(owner.toy.url).set(database="new_shop").render_as_string(hide_password=False)
        assert "initdb run --database-url postgresql:///new" in " ".join(page.split())
        person.runs(f"initdb run --create-database yes --database-url '{new}'")
        script = person.runs(f"pg_dump --schema-only '{new.replace('+psycopg2', '')}'").stdout
        server.admin_execute("DROP DATABASE new_shop WITH (FORCE)")
        (statement,) = re.findall(rf"^CREATE TRIGGER {lost} .*;$", script, re.MULTILINE)
    else:
        person.runs("initdb run --database-url sqlite:///new.db")
        schema = person.runs(next(line.strip() for line in page.splitlines() if "sqlite3 new.db" in line))
        (statement,) = re.findall(rf"^CREATE TRIGGER {lost} .*?END;$", schema.stdout, re.M | re.S)
    person.sql(statement)
    person.follows("initdb run")


@fixes("journal-incomplete")
def test_an_index_that_was_dropped(person: Person, owner: Owner) -> None:
    """The statements that the error lists are run."""
    (index,) = (one for one in DAMAGES if one.reference == "journal-incomplete" and "index" in one.name)
    index.act(owner)
    error = person.fails("initdb run", "journal-incomplete")
    for statement in re.findall(r"^ +((?:CREATE|DROP|INSERT|DELETE) .*;)$", error, re.MULTILINE):
        person.sql(statement)
    person.follows("initdb run")
