"""The users of the built-in identity schema."""

from __future__ import annotations

import shutil

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import MODELS, ON_SQLITE, set_to
from tests.support.toy import Toy


@pytest.fixture
def identity(person: Person, toy: Toy) -> Toy:
    """A folder without an application: the built-in schema."""
    for name in ("migrations", "seeds", "application"):
        set_to(person, name, None)
    shutil.rmtree(toy.migrations)
    shutil.rmtree(toy.seeds)
    return toy


@ON_SQLITE
@fixes("admin-password-weak")
def test_a_weak_password(person: Person, identity: Toy) -> None:
    """The printed command makes a better one."""
    person.environ["INITDB_ADMIN_PASSWORD"] = "admin"
    person.fails("initdb run", "admin-password-weak")
    person.environ["INITDB_ADMIN_PASSWORD"] = person.runs(person.printed("python -c")).stdout.strip()
    person.follows("initdb resume")


@ON_SQLITE
@fixes("admin-password-unreadable")
def test_a_password_in_a_file(person: Person, identity: Toy) -> None:
    """It is made, and its mode is set as printed."""
    set_to(person, "admin_password_file", '"secret"')
    person.fails("initdb run", "admin-password-unreadable")
    (person.folder / "secret").write_text("correct-horse-battery-77\n")
    person.follows("chown", "chmod 400", "initdb resume")


@fixes("user-unknown")
def test_no_such_user(person: Person, identity: Toy) -> None:
    """The printed query names those that there are."""
    person.environ["INITDB_ADMIN_PASSWORD"] = "correct-horse-battery-77"
    person.runs("initdb run")
    person.fails("initdb admin set-password root", "user-unknown")
    person.looks()
    (name,) = person.sql(person.printed("SELECT username")).stdout.split()
    person.runs(f"initdb admin set-password {name}")


@fixes("identity-refused")
def test_a_database_of_an_application(person: Person, identity: Toy) -> None:
    """The models are named, as printed."""
    identity.sql("CREATE TABLE t1 (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE)")
    person.fails("initdb run", "identity-refused")
    person.looks()
    (person.folder / "models.py").write_text(MODELS)
    set_to(person, "metadata", '"models:metadata"')
    person.follows("initdb run")


@ON_SQLITE
@fixes("identity-incomplete")
def test_no_users_yet(person: Person, identity: Toy) -> None:
    """The schema is created as printed; then the user has the password."""
    person.environ["INITDB_ADMIN_PASSWORD"] = "correct-horse-battery-77"
    person.fails("initdb admin set-password", "identity-incomplete")
    person.follows("initdb run")
    person.runs("initdb admin set-password")
