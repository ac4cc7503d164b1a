"""Real failures of real SQLite files get the right reference."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.errors.classify import (
    classify,
    is_busy,
    is_connection_lost,
    is_lock_timeout,
    is_missing_table,
    is_passing,
    is_read_only,
    is_serialization,
    is_too_many_connections,
)
from initdb.errors.files import is_disk_full, sqlite_path
from initdb.errors.masking import masked
from tests.errors.plain_user import as_plain_user
from tests.errors.raising import caught, failure, told

READ = "SELECT count(*) FROM sqlite_schema"
WRITE = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER NOT NULL DEFAULT 0)"


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)
        for path in (Path(name), *Path(name).rglob("*")):
            path.chmod(0o777)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A database with one table."""
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as connection:
        connection.execute(WRITE)
    connection.close()
    return path


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The error names the first missing folder of the path."""
    error = told(f"sqlite:///{tmp_path}/a/b/app.db", READ)
    assert error.reference == "folder-missing"
    assert error.context == (
        f"sqlite:///{tmp_path}/a/b/app.db",
        "The file cannot be opened (SQLITE_CANTOPEN)",
        f"{tmp_path}/a does not exist.",
    )
    assert error.rendered().sqlstate == "SQLITE_CANTOPEN"


def test_a_file_in_the_place_of_the_folder_is_named(made: Path) -> None:
    """A file in the middle of the path is a different error from a missing folder."""
    error = told(f"sqlite:///{made}/app.db", READ)
    assert error.reference == "folder-missing"
    assert error.context[-1] == f"{made} is not a folder."


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    """A folder cannot be a database."""
    error = told(f"sqlite:///{tmp_path}", READ)
    assert error.reference == "database-is-a-folder"
    assert error.context[-1] == f"{tmp_path} is a folder."


def test_garbage_is_not_a_database(tmp_path: Path) -> None:
    """A file of another kind is reported, and left as it was."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" * 500)
    error = told(f"sqlite:///{path}", READ)
    assert error.reference == "not-a-database"
    assert error.context[1] == "The file is no SQLite database (SQLITE_NOTADB)"
    assert path.read_bytes() == b"\xff\xd8\xff\xe0" * 500


def test_a_damaged_database_is_told(made: Path) -> None:
    """A database whose pages make no sense is damaged, which is more than a refused statement."""
    content = made.read_bytes()
    made.write_bytes(content[:4096] + b"\xaa" * (len(content) - 4096))
    assert told(f"sqlite:///{made}", "SELECT * FROM t", doing="inspect").reference == "database-corrupt"


def test_a_read_only_url_is_told(made: Path) -> None:
    """A database that is opened only for reading cannot be written."""
    url = f"sqlite:///file:{made}?mode=ro&uri=true"
    error = told(url, "INSERT INTO t (id) VALUES (1)", doing="schema")
    assert error.reference == "read-only-database"
    assert is_read_only(failure(url, "INSERT INTO t (id) VALUES (1)"))


@pytest.mark.parametrize("place", ["file", "folder", "parent"])
def test_missing_permissions_are_told(shared_folder: Path, place: str) -> None:
    """The file or folder in the way is named, with its mode, its owner and who we are."""
    folder = shared_folder / "locked" / "data"
    folder.mkdir(parents=True)
    path = folder / "app.db"
    blocked = {"file": path, "folder": folder, "parent": folder.parent}[place]
    if place != "folder":
        path.touch()
    blocked.chmod({"file": 0o000, "folder": 0o500, "parent": 0o000}[place])
    error = as_plain_user(lambda: told(f"sqlite:///{path}", WRITE))
    assert error.reference == "file-permission-denied"
    assert str(blocked) in error.context[-1]
    assert "user " in error.context[-1]
    user = "nobody" if os.geteuid() == 0 else getuser()
    assert f"chown {user} {blocked}; chmod u+rwX {blocked}" in error.rendered().fix


def test_a_file_that_may_only_be_read_is_told(shared_folder: Path) -> None:
    """A write to a file without write permission is a matter of permissions, not of a read-only database."""
    path = shared_folder / "app.db"
    sqlite3.connect(path).execute(WRITE).connection.close()
    path.chmod(0o444)
    error = as_plain_user(lambda: told(f"sqlite:///{path}", "INSERT INTO t (id) VALUES (1)"))
    assert error.reference == "file-permission-denied"
    assert "(-r--r--r--, owner" in error.context[-1]


def test_a_lock_held_by_another_is_told(made: Path) -> None:
    """A busy file can pass by itself."""
    holder = sqlite3.connect(made, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    raised = failure(f"sqlite:///{made}", "INSERT INTO t (id) VALUES (1)", timeout=0)
    holder.close()
    error = classify(raised, doing="migrate", database="sqlite", target="0003")
    assert error.reference == "lock-timeout"
    assert error.context[:2] == ("0003", "The database is locked (SQLITE_BUSY)")
    assert error.rendered().passing
    assert is_busy(raised)
    assert is_passing(raised)


def test_a_full_disk_is_told(made: Path) -> None:
    """A database that cannot grow is out of space, and that can pass."""
    grow = "INSERT INTO t (name) SELECT randomblob(100000) FROM sqlite_schema"
    error = told(f"sqlite:///{made}", "PRAGMA max_page_count = 3", grow, doing="seed")
    assert error.reference == "disk-full"
    assert error.row.passing


def test_a_file_that_was_moved_away_is_told(made: Path) -> None:
    """A write into a file that was deleted while it was open reaches nobody: the connection is lost."""
    connection = sqlite3.connect(made)
    connection.execute("SELECT * FROM t").fetchall()
    made.unlink()
    raised = caught(lambda: connection.execute("INSERT INTO t (id) VALUES (1)"))
    connection.close()
    assert classify(raised, doing="seed", database="sqlite").reference == "connection-lost"


def test_a_cancelled_statement_is_told(made: Path) -> None:
    """interrupt(), which a stop sends, is a different error from a failed statement."""
    connection = sqlite3.connect(made)
    connection.set_progress_handler(lambda: 1, 1)
    raised = caught(lambda: connection.execute("SELECT * FROM t, t AS u").fetchall())
    connection.close()
    assert classify(raised, doing="migrate", database="sqlite").reference == "statement-cancelled"


def test_a_denied_action_is_told(made: Path) -> None:
    """An authorizer of the application stands for missing permissions."""
    connection = sqlite3.connect(made)
    connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
    raised = caught(lambda: connection.execute("SELECT * FROM t"))
    connection.close()
    assert classify(raised, doing="inspect", database="sqlite").reference == "database-permission-denied"


@pytest.mark.parametrize(
    ("doing", "reference"),
    [
        ("seed", "seed-rejected"),
        ("migrate", "data-migration-failed"),
        ("constraint", "constraint-violation"),
        ("repair", "constraint-violation"),
        ("index", "index-creation-failed"),
        ("rollback", "rollback-failed"),
        ("journal", "journal-unreadable"),
    ],
)
def test_a_broken_constraint_is_told_by_what_was_done(made: Path, doing: str, reference: str) -> None:
    """The same code has another meaning in other work; the statement is shown, without its values."""
    raised = failure(
        f"sqlite:///{made}",
        "INSERT INTO t (name) VALUES (:name)",
        "INSERT INTO t (name) VALUES (:name)",
        parameters={"name": "s3cret"},
    )
    error = classify(raised, doing=doing, database="sqlite", target="users.csv line 3")
    assert error.reference == reference
    assert error.context[:3] == (
        "users.csv line 3",
        "Another row has the same value already (SQLITE_CONSTRAINT_UNIQUE): table t, column name",
        "statement: INSERT INTO t (name) VALUES (?)",
    )
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    ("statement", "doing", "reference", "said"),
    [
        ("SELECT * FROM nowhere", "seed", "seed-table-unknown", "There is no such table ({}): nowhere"),
        (
            "INSERT INTO t (colour) VALUES (1)",
            "seed",
            "seed-column-unknown",
            "There is no such column ({}): colour",
        ),
        ("SELECT colour FROM t", "seed", "seed-column-unknown", "There is no such column ({}): colour"),
        (
            "CREATE TABLE t (id)",
            "schema",
            "conflicting-object",
            "There is a table or an index of this name already ({}): t",
        ),
        ("CREATE TABLE u (id", "schema", "table-creation-failed", "The statement is not complete ({})"),
        (
            "CREATE INDEX i ON t (colour)",
            "index",
            "index-creation-failed",
            "There is no such column ({}): colour",
        ),
        ("SELECT * FROM nowhere", "inspect", "inspection-failed", "There is no such table ({}): nowhere"),
        ("SELEC 1", "migrate", "revision-failed", "The statement is no valid SQL ({}): SELEC"),
        ("SELEC 1", "validate", "validation-failed", "The statement is no valid SQL ({}): SELEC"),
        ("SELEC 1", "adopt", "adoption-failed", "The statement is no valid SQL ({}): SELEC"),
        ("SELEC 1", "seed", "seed-failed", "The statement is no valid SQL ({}): SELEC"),
        ("SELEC 1", "something else", "internal-error", "The statement is no valid SQL ({}): SELEC"),
        (
            "INSERT INTO t (id) VALUES ('x')",
            "seed",
            "seed-rejected",
            "A value has another type than its column",
        ),
    ],
)
def test_a_refused_statement_is_told_by_what_was_done(
    made: Path, statement: str, doing: str, reference: str, said: str
) -> None:
    """SQLite has one code for all mistakes in a statement: its fixed words and the work decide."""
    error = told(f"sqlite:///{made}", statement, doing=doing)
    assert error.reference == reference
    assert error.context[1].startswith(said.format("SQLITE_ERROR"))
    assert f"statement: {masked(statement, 'sqlite')}" in error.context


def test_a_missing_table_is_recognised(made: Path) -> None:
    """To a boot, "no such table" means that there is no journal."""
    assert is_missing_table(failure(f"sqlite:///{made}", "SELECT * FROM init_journal_head"))
    assert not is_missing_table(failure(f"sqlite:///{made}", "SELECT nowhere FROM t"))
    assert not is_missing_table(failure(f"sqlite:///{made}", "SELEC 1"))


def test_no_other_question_is_answered_with_yes(made: Path) -> None:
    """A mistake in a statement is none of the conditions that code decides by."""
    raised = failure(f"sqlite:///{made}", "SELEC 1")
    questions = (is_busy, is_connection_lost, is_lock_timeout, is_read_only, is_serialization)
    assert not any(question(raised) for question in (*questions, is_too_many_connections, is_passing))


def test_mistakes_of_the_caller_have_no_code(made: Path) -> None:
    """For an error that the sqlite3 module raises itself, the work that failed decides."""
    connection = sqlite3.connect(made)
    connection.close()
    raised = caught(lambda: connection.execute("SELECT 1"))
    error = classify(raised, doing="migrate", database="sqlite")
    assert (error.reference, error.context[0]) == ("revision-failed", "The connection was closed")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("sqlite:///app.db", "app.db"),
        ("sqlite:////srv/app.db", "/srv/app.db"),
        ("sqlite+pysqlite:///app.db?timeout=3", "app.db"),
        ("sqlite:///file:my%20app.db?mode=ro&uri=true", "my app.db"),
        ("/srv/app.db", "/srv/app.db"),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("postgresql://db/shop", None),
        ("a\0b", None),
        ("", None),
    ],
)
def test_the_file_of_a_url_is_found(target: str, path: str | None) -> None:
    """The file is looked at where there is one."""
    assert sqlite_path(target) == (Path(path) if path else None)


def test_a_disk_with_room_is_not_full(tmp_path: Path) -> None:
    """An I/O error is a full disk only where no block is left."""
    assert not is_disk_full(tmp_path / "app.db")
    assert not is_disk_full(tmp_path / "no" / "such" / "folder" / "app.db")
    assert not is_disk_full(None)


def test_an_error_of_the_catalogue_passes_through() -> None:
    """An error that was described once is not described again; it gets the advice for the database."""
    error = InitError("seed-rejected", "roles.csv line 3", database="sqlite")
    assert classify(error, doing="seed", database="sqlite") is error
    found = classify(InitError("seed-table-unknown", "x.csv"), doing="inspect", database="sqlite")
    assert (found.context, found.database) == (("x.csv",), "sqlite")
    assert any("sqlite3 DBFILE .tables" in line for line in found.rendered().advice)
