"""Backups that cannot be made before a change, and how they then can."""

from __future__ import annotations

import json

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.test_settings import set_to
from tests.support.toy import Toy

CHANGE = "    op.execute(\"UPDATE t1 SET name = name || '!'\")"


def to_be_backed_up(person: Person, toy: Toy) -> None:
    """A ready database, a revision that is pending, and the wish for a backup before it."""
    person.runs("initdb run")
    toy.revision(4, CHANGE)
    set_to(person, "backup", '"before-changes"')


def set_as_printed(person: Person, name: str, **instead: str) -> None:
    """A setting, as the last error has it; with another value of which the machine of a test has none."""
    key, _, value = person.printed(f"{name} = ").partition(" = ")
    set_to(person, key, instead.get(key, value))


@fixes("backup-not-set-up")
def test_no_command(person: Person, toy: Toy) -> None:
    """On PostgreSQL both are named at once. A SQLite file needs neither."""
    to_be_backed_up(person, toy)
    kept = person.folder / "kept"
    if person.database is None:
        toy.url, toy.options = "postgresql://nobody@localhost/shop", {}
        set_to(person, "database_url", json.dumps(toy.url))
        person.fails("initdb run", "backup-not-set-up")
        set_as_printed(person, "backup_command")
        set_to(person, "database_url", json.dumps(f"sqlite:///{person.folder}/app.db"))
        person.runs(person.printed("initdb run"))
        return
    person.fails("initdb run", "backup-not-set-up")
    set_as_printed(person, "backup_command")
    person.fails("initdb run", "backup-not-set-up")
    set_as_printed(person, "backup_folder", backup_folder=json.dumps(str(kept)))
    person.runs(person.printed("initdb run"))
    assert [path.suffix for path in kept.iterdir()] == [".backup"]


@fixes("backup-failed")
def test_no_folder(person: Person, toy: Toy) -> None:
    """Once it can be made, the order goes on. Or it goes on without a backup."""
    to_be_backed_up(person, toy)
    set_to(person, "backup_folder", '"not/there"')
    set_to(person, "backup_command", '"pg_dump --format=custom --file={file}"')
    person.fails("initdb run", "backup-failed")
    assert f"{person.folder}/not" in person.error
    (person.folder / "not").mkdir()
    person.runs(person.printed("initdb resume"))
    assert len(list((person.folder / "not" / "there").iterdir())) == 1
    toy.revision(5, CHANGE)
    set_to(person, "backup_folder", '"nor/there"')
    person.fails("initdb run", "backup-failed")
    person.runs(person.printed("initdb resume --backup off"))
