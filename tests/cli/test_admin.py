"""`initdb admin set-password`, with a password from each place that can have one."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine, text

from initdb.steps.identity.hashing import verify_password
from tests.cli.console import ADMIN_PASSWORD, Console

NEW = "another unlikely phrase 23"


@pytest.fixture
def identity(console: Console, database_url: str) -> Console:
    """The identity schema, on either database."""
    console.environ["INITDB_ADMIN_PASSWORD"] = ADMIN_PASSWORD
    console.environ["DATABASE_URL"] = database_url
    assert console("run", "--schema-from", "identity").exit_code == 0
    del console.environ["INITDB_ADMIN_PASSWORD"]
    return console


def is_valid(url: str, password: str) -> bool:
    engine = create_engine(url)
    with engine.connect() as connection:
        stored = connection.scalar(text("SELECT password_hash FROM users WHERE username = 'admin'"))
    engine.dispose()
    return verify_password(stored, password)


def test_from_standard_input(identity: Console, database_url: str) -> None:
    """For scripts: the first line."""
    done = identity("admin", "set-password", typed=f"{NEW}\n")
    assert done.exit_code == 0, done.output
    assert is_valid(database_url, NEW)
    assert NEW not in done.output


def test_from_a_file_and_from_the_environment(identity: Console, database_url: str) -> None:
    """As for the first password."""
    file = identity.folder / "secret"
    file.touch(0o600)
    file.write_text(NEW + "\n")
    assert identity("admin", "set-password", "--admin-password-file", "secret").exit_code == 0
    assert is_valid(database_url, NEW)
    identity.environ["INITDB_ADMIN_PASSWORD"] = ADMIN_PASSWORD
    done = identity("admin", "set-password", "--json")
    assert json.loads(done.stdout) == {"command": "admin set-password", "exit_code": 0, "username": "admin"}
    assert is_valid(database_url, ADMIN_PASSWORD)


def test_what_is_refused(identity: Console, database_url: str) -> None:
    """A weak one, an unknown user; the old one stays valid."""
    weak = identity("admin", "set-password", typed="password\n")
    assert weak.exit_code == 1
    assert "error: admin-password-weak" in weak.stderr
    nobody = identity("admin", "set-password", "nobody", typed=f"{NEW}\n")
    assert nobody.exit_code == 2
    assert "error: user-unknown" in nobody.stderr
    assert is_valid(database_url, ADMIN_PASSWORD)


def test_without_the_identity_schema(console: Console, database_url: str) -> None:
    """Said, with the command that makes it; no file is made."""
    done = console("admin", "set-password", "--database-url", database_url, typed=f"{NEW}\n")
    assert done.exit_code == 1
    assert "error: identity-incomplete" in done.stderr
    assert not list(console.folder.parent.glob("test.db*"))
