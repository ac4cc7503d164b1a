"""What other roles have put beside the journal, or into it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from tests.bad_journals.owner import Owner
from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.test_journals import damage
from tests.support.postgres_server import PostgresServer

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def neighbour(server: PostgresServer, owner: Owner) -> Iterator[str]:
    """A role of somebody else."""
    name = f"neighbour_{uuid.uuid4().hex[:8]}"
    server.admin_execute(f"CREATE ROLE {name} LOGIN")
    yield name
    owner.sql(f"REASSIGN OWNED BY {name} TO postgres", f"DROP OWNED BY {name}")
    server.admin_execute(f"DROP ROLE {name}")


@ON_POSTGRESQL
@fixes("journal-of-a-stranger")
@pytest.mark.parametrize("way", ["the owner", "the setting"])
def test_restored_as_another_role(person: Person, owner: Owner, neighbour: str, way: str) -> None:
    """The owner is changed by the page's statements; or the setting names the role."""
    tables = ["init_journal", "init_journal_head", "init_journal_version", "alembic_version"]
    owner.sql(*(f"ALTER TABLE {table} OWNER TO {neighbour}" for table in tables))
    owner.sql(*(f"ALTER FUNCTION init_journal_{one}() OWNER TO {neighbour}" for one in ("append", "move")))
    error = person.fails("initdb run", "journal-of-a-stranger")
    assert neighbour in error
    if way == "the setting":
        person.runs(f"{person.printed('initdb run')} --journal-owner {neighbour}")
        return
    page = person.runs(person.printed("initdb explain")).stdout
    statements = re.findall(r"^ +(ALTER .* OWNER TO) DBROLE;$", page, re.MULTILINE)
    assert len(statements) == 9
    for statement in statements:
        person.sql(statement.replace("SCHEMANAME", "public") + " postgres")
    person.follows("initdb run")


@ON_POSTGRESQL
@fixes("journal-place-taken")
def test_names_that_are_taken(person: Person, owner: Owner, neighbour: str) -> None:
    """Where neither the default schema nor one named initdb is free, a setting names another one."""
    owner.sql("DROP VIEW init_runs", "DROP VIEW init_failures")
    for table in ("init_journal", "init_journal_head", "init_journal_version"):
        owner.sql(f"DROP TABLE {table}")
    owner.sql(
        f"CREATE SCHEMA initdb AUTHORIZATION {neighbour}",
        "CREATE TABLE init_journal (seq int)",
        f"ALTER TABLE init_journal OWNER TO {neighbour}",
    )
    error = person.fails("initdb run", "journal-place-taken")
    assert "public.init_journal" in error and neighbour in error
    person.runs(f"{person.printed('initdb run')} --journal-schema ops")


@ON_POSTGRESQL
@fixes("journal-unsafe")
@pytest.mark.parametrize("what", ["trigger", "policy", "rule", "index"])
def test_what_was_put_on_the_tables(person: Person, owner: Owner, neighbour: str, what: str) -> None:
    """The statement that takes it away is printed behind it."""
    body = "LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
    owner.sql(
        *{
            "trigger": (
                f"CREATE FUNCTION theirs() RETURNS trigger {body}",
                f"ALTER FUNCTION theirs() OWNER TO {neighbour}",
                "CREATE TRIGGER theirs BEFORE UPDATE ON init_journal_head"
                " FOR EACH ROW EXECUTE FUNCTION theirs()",
            ),
            "policy": ("CREATE POLICY theirs ON init_journal USING (false)",),
            "rule": ("CREATE RULE theirs AS ON UPDATE TO init_journal_head DO INSTEAD NOTHING",),
            "index": ("CREATE INDEX theirs ON init_journal (lower(event))",),
        }[what]
    )
    error = person.fails("initdb run", "journal-unsafe")
    (statement,) = re.findall(r": (DROP .*;)$", error, re.MULTILINE)
    person.sql(statement)
    person.follows("initdb run")


@ON_POSTGRESQL
@fixes("table-of-a-stranger")
def test_a_trigger_on_a_seeded_table(person: Person, owner: Owner, neighbour: str) -> None:
    """What is named is taken away."""
    owner.sql(
        "CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        f"ALTER FUNCTION theirs() OWNER TO {neighbour}",
        "CREATE TRIGGER theirs BEFORE INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION theirs()",
    )
    owner.toy.with_seeds(7)
    error = person.fails("initdb run", "table-of-a-stranger")
    assert "the trigger theirs" in error and neighbour in error
    person.sql("DROP TRIGGER theirs ON t1")
    person.follows("initdb run")


@fixes("set-aside-refused")
def test_an_entry_that_cannot_be_set_aside(person: Person, owner: Owner) -> None:
    """The journal shows the numbers. The right one is set aside, and boots go on."""
    damage(owner, "not JSON")
    seq = owner.sql("SELECT max(seq) - 1 FROM init_journal")[0][0]
    person.fails("initdb journal set-aside 99 --reason 'not ours'", "set-aside-refused")
    listed = person.runs(person.printed("initdb journal")).stdout
    assert "cannot be read" in listed
    error = person.fails("initdb run", "journal-tampered")
    (number,) = re.findall(r"Entry (\d+) was edited", error)
    assert int(number) == seq
    person.runs(person.printed("initdb journal set-aside"))
    person.runs("initdb run")
    person.runs("initdb journal verify")
    assert "edited by hand" in person.runs("initdb journal").stdout


@fixes("archive-refused")
def test_a_damaged_journal_is_not_archived(person: Person, owner: Owner) -> None:
    """What is wrong is set aside, as it is printed; then the archive is made."""
    damage(owner, "not JSON")
    command = "initdb journal archive old.jsonl --before 0s --reason 'it is old'"
    person.fails(command, "archive-refused")
    assert not (person.folder / "old.jsonl").exists()
    person.runs(person.printed("initdb journal set-aside").replace("…", "edited by hand"))
    assert "are in old.jsonl" in person.runs(command).stdout
    person.runs("initdb journal verify --archive old.jsonl")
    person.runs("initdb run")
