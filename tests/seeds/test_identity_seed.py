"""The identity schema as a seed source: its rows, its admin, a password shown before the commit."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from initdb.errors import InitError
from initdb.settings import Settings
from initdb.steps.identity.models import IDENTITY, permissions, roles, users
from initdb.steps.seeds.sources import identity_source
from tests.seeds.support import make_tables, seed_once, told

GIVEN = "correct horse battery"

PROGRAM = """
import sys
from sqlalchemy import NullPool, create_engine
from initdb.steps.seeds.sources import identity_source
from tests.seeds.support import seed_once

def before_commit():
    print("COMMIT", file=sys.stderr, flush=True)

seed_once(create_engine(sys.argv[1], poolclass=NullPool), identity_source(), before_commit=before_commit)
"""


@pytest.fixture
def identity(engine: Engine) -> Engine:
    """The engine, with the identity schema's empty tables."""
    make_tables(engine, IDENTITY)
    return engine


def admin_of(engine: Engine) -> tuple[str | None, bool, bool]:
    with engine.connect() as connection:
        row = connection.execute(
            select(users.c.password_hash, users.c.must_change_password, users.c.locked)
        ).one()
    return row.password_hash, row.must_change_password, row.locked


def seed_apart(url: str, stderr: int, **variables: str) -> str:
    """Seed in a process that has no terminal but `stderr`; return what it wrote to its standard output."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("INITDB_")
    } | variables
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
        check=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    return run.stdout


def test_rows_and_admin_are_one_unit(identity: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a password from the environment; the event counts the rows and names no password."""
    monkeypatch.setenv("INITDB_ADMIN_PASSWORD", GIVEN)
    seed_once(identity, identity_source(), models=IDENTITY)
    (data,) = told(identity)
    assert data["complete"]
    assert data["admin"] == {"password": "environment"}
    assert data["created"] == data["rows"] > 10
    assert GIVEN not in str(data)
    stored, must_change, locked = admin_of(identity)
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert (must_change, locked) == (False, False)


def test_what_is_there_is_kept(identity: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A second time rows are skipped and the admin is not touched."""
    secret = tmp_path / "password"
    secret.touch(0o600)
    secret.write_text(GIVEN)
    monkeypatch.delenv("INITDB_ADMIN_PASSWORD", raising=False)
    given = Settings(admin_password_file=secret)
    seed_once(identity, identity_source(), models=IDENTITY, settings=given)
    before = admin_of(identity)
    with identity.begin() as connection:
        connection.execute(permissions.delete().where(permissions.c.code == "roles:read"))
    later = replace(identity_source(), digest="of a later release")
    seed_once(identity, later, models=IDENTITY, settings=given)
    (_, data) = told(identity)
    assert data["created"] >= 1
    assert data["skipped"] > 10
    assert "admin" not in data
    assert admin_of(identity) == before


def test_a_weak_password_seeds_nothing(identity: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and admin come together or not at all."""
    monkeypatch.setenv("INITDB_ADMIN_PASSWORD", "admin")
    with pytest.raises(InitError) as caught:
        seed_once(identity, identity_source(), models=IDENTITY)
    assert caught.value.reference == "admin-password-weak"
    with identity.connect() as connection:
        assert connection.execute(select(roles)).all() == []


def test_without_a_terminal_the_admin_is_locked(identity: Engine, database_url: str, tmp_path: Path) -> None:
    """Without a terminal no password is generated, and a warning says how to set one."""
    with (tmp_path / "stderr").open("w+") as stderr:
        seed_apart(database_url, stderr.fileno())
        stderr.seek(0)
        assert "initdb admin set-password" in stderr.read()
    assert admin_of(identity) == (None, False, True)


def test_a_generated_password_is_shown_before_the_commit(identity: Engine, database_url: str) -> None:
    """A kill after the commit cannot lose the password: the terminal already shows it."""
    ours, theirs = pty.openpty()
    try:
        printed = seed_apart(database_url, theirs)
        shown = os.read(ours, 4096).decode()
    finally:
        os.close(theirs)
        os.close(ours)
    assert printed == ""
    before, _, _ = shown.partition("COMMIT")
    assert "with this password" in before
    password = before.split("password:")[1].split()[0]
    stored, must_change, locked = admin_of(identity)
    assert must_change
    assert not locked
    assert stored is not None
    assert len(password) == 23
