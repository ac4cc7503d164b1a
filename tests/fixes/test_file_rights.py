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


@pytest.fixture
def of_root(person: Person, own: None) -> None:
    """Somebody ran a command as root before: the side file is root's."""
    person.runs("initdb run --database-url sqlite:///app.db")
    side = person.folder / "app.db-initdb"
    shutil.chown(side, "root")
    side.chmod(0o600)


@fixes("baton-unwritable")
def test_a_side_file_of_root(person: Person, of_root: None) -> None:
    """It is given the owner of the database, and the run goes on."""
    person.fails("initdb rollback --yes --database-url sqlite:///app.db", "baton-unwritable")
    person.follows("chown --reference", "chmod --reference", "initdb run")


@fixes("baton-unwritable")
def test_a_side_file_of_root_at_a_restore(person: Person, of_root: None) -> None:
    """It is given the owner of the database, and the restore goes on."""
    person.runs("sqlite3 app.db '.backup app.backup'")
    person.fails("initdb restore app.backup --yes --database-url sqlite:///app.db", "baton-unwritable")
    person.follows("chown --reference", "chmod --reference", "initdb restore")


@pytest.mark.parametrize("command", ["run", "restore"])
@fixes("side-file-refused")
def test_a_side_file_that_somebody_planted(person: Person, own: None, command: str) -> None:
    """It is a link to a file that root would make. It is looked at, moved away, and the command goes on."""
    side, precious = person.folder / "app.db-initdb", person.folder.parent / "precious"
    typed = "initdb run --database-url sqlite:///app.db"
    if command == "restore":
        person.runs("initdb run --database-url sqlite:///app.db")
        person.runs("sqlite3 app.db '.backup app.backup'")
        side.unlink()
        typed = "initdb restore app.backup --yes --database-url sqlite:///app.db"
    side.symlink_to(precious)
    person.fails(typed, "side-file-refused")
    person.follows("ls -ld", "mv ", f"initdb {command}")
    assert not precious.exists()


@fixes("shared-folder")
@pytest.mark.parametrize("begins", ["chmod", "INITDB_ALLOW_SHARED_FOLDER"])
def test_a_folder_that_every_user_may_write(person: Person, begins: str) -> None:
    """Root closes it, or says that it is wanted."""
    (person.folder / "data").mkdir()
    (person.folder / "data").chmod(0o777)
    (person.folder / "initdb.toml").write_text(
        'schema_from = "identity"\ndatabase_url = "sqlite:///data/app.db"\n'
    )
    person.fails("initdb run", "shared-folder")
    person.follows(begins)
    if begins == "chmod":
        person.runs("initdb run")
    assert (person.folder / "data" / "app.db").exists()
