"""Files and folders of a SQLite database that belong to another user."""

from __future__ import annotations

import shutil

import psutil  # noqa: F401 - a restore imports it, as a user who may be kept out of this Python's folder
import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Always a file: `app.db` in the folder."""
    return sqlite_url


@pytest.fixture
def own(person: Person, shared: None) -> None:
    """The built-in schema is asked for."""
    (person.folder / "initdb.toml").write_text('schema_from = "identity"\n')


@fixes("file-permission-denied")
@pytest.mark.parametrize("place", ["app.db", ".", "data"])
def test_a_file_of_root(person: Person, own: None, place: str) -> None:
    """Root types what is printed: it names the one file or folder that is in the way."""
    (person.folder / "data").mkdir()
    shutil.chown(person.folder / "data", "nobody")
    url = "sqlite:///data/app.db" if place == "data" else "sqlite:///app.db"
    command = f"initdb run --database-url {url}"
    if place == "app.db":
        person.runs(command)
    shutil.chown(person.folder / place, "root")
    (person.folder / place).chmod(0o755 if place == "." else 0o700)
    person.fails(command, "file-permission-denied")
    person.looks()
    person.follows("chown nobody", "chmod u+rwX", "initdb run")


@fixes("baton-unwritable")
def test_a_side_file_of_root(person: Person, own: None) -> None:
    """Somebody ran a command as root before."""
    person.runs("initdb run --database-url sqlite:///app.db")
    side = person.folder / "app.db-initdb"
    shutil.chown(side, "root")
    side.chmod(0o600)
    person.fails("initdb rollback --yes --database-url sqlite:///app.db", "baton-unwritable")
    person.follows("chown --reference", "chmod --reference", "initdb run")


@fixes("baton-unwritable")
def test_a_side_file_of_root_at_a_restore(person: Person, own: None) -> None:
    """The same files are made writable, and the restore goes on."""
    person.runs("initdb run --database-url sqlite:///app.db")
    person.runs("sqlite3 app.db '.backup app.backup'")
    side = person.folder / "app.db-initdb"
    shutil.chown(side, "root")
    side.chmod(0o600)
    person.fails("initdb restore app.backup --yes --database-url sqlite:///app.db", "baton-unwritable")
    person.follows("chown --reference", "chmod --reference", "initdb restore")
