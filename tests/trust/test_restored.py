"""A restore drill: dumped, restored as another owner, booted, verified."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.cli.conftest import console
from tests.cli.console import Console, toy_project
from tests.doctor.examined import examine
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy
from tests.support.users import as_user, enterable

__all__ = ["console"]

STRANGER = 54321


@pytest.fixture
def owners(server: PostgresServer, postgresql_url: str) -> Iterator[tuple[str, str]]:
    """The owner of the database, and that of an empty one, into which it is restored: both named alike."""
    database = str(make_url(postgresql_url).database)
    first, second = f"{database}_one", f"{database}_two"
    for name in (first, second):
        server.admin_execute(f"CREATE ROLE {name} LOGIN")
    server.admin_execute(f"ALTER DATABASE {database} OWNER TO {first}")
    server.admin_execute(f"CREATE DATABASE {second} OWNER {second}")
    yield first, second
    server.admin_execute(f"ALTER DATABASE {database} OWNER TO postgres")
    server.admin_execute(f"DROP DATABASE {second} WITH (FORCE)")
    server.admin_execute(f"DROP OWNED BY {first} CASCADE", database=database)
    for name in (first, second):
        server.admin_execute(f"DROP ROLE {name}")


def _restore(server: PostgresServer, dumped: str, into: str, role: str, how: str, flags: list[str]) -> None:
    where = ["-h", str(server.folder), "-p", str(server.port)]

    def program(name: str, *words: str, typed: bytes = b"") -> bytes:
        done = subprocess.run([server.bin / name, *where, *words], input=typed, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    dump = program("pg_dump", "-U", "postgres", "-F", how[0], *flags, dumped)
    if how == "plain":
        program("psql", "-U", role, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", into, typed=dump)
    else:
        program("pg_restore", "-U", role, "-d", into, *flags, typed=dump)


@pytest.mark.parametrize("how", ["plain", "custom"])
@pytest.mark.parametrize(
    "flags", [[], ["--no-owner"], ["--no-privileges"], ["--no-owner", "--no-privileges"]]
)
def test_restored_into_another_database(
    server: PostgresServer, console: Console, owners: tuple[str, str], how: str, flags: list[str]
) -> None:
    """With --no-owner, as the new owner, it is ready. Else it is refused until what is printed is typed."""
    first, second = owners
    dumped = first.removesuffix("_one")
    toy = toy_project(console.folder, server.url(dumped, user=first))
    assert console("run").exit_code == 0
    keeps = "--no-owner" not in flags
    _restore(server, dumped, second, "postgres" if keeps else second, how, flags)
    restored = ("--database-url", server.url(second, user=second))

    if keeps:
        refused = console("run", *restored)
        assert refused.exit_code == 1 and "journal-of-a-stranger" in refused.output
        problems = examine(console, *restored).problems
        assert len(problems) == 1 and "belongs to a role that nothing here speaks for" in problems[0]
        page = console("explain", "journal-of-a-stranger").stdout
        statements = re.findall(r"^ +(ALTER .* OWNER TO DBROLE);$", page, re.MULTILINE)
        for one in statements:
            typed = one.replace("SCHEMANAME", "public").replace("DBROLE", second)
            server.admin_execute(typed, database=second)
        for one in examine(console, *restored).sql(f"{first} owns 4 tables"):
            server.admin_execute(one, database=second)
    ready = console("run", *restored)
    assert ready.exit_code == 0 and "already ready" in ready.output, ready.output
    assert examine(console, *restored).problems == []
    verified = console("journal", "verify", *restored)
    assert verified.exit_code == 0 and verified.stdout.startswith("intact"), verified.output
    toy.tables += 1
    toy.with_revisions()
    worked = console("run", *restored)
    assert worked.exit_code == 0 and "applied revision r4" in worked.output, worked.output
    assert console("journal", "verify", *restored).exit_code == 0
    if keeps:
        # Nothing is left that belongs to the first owner: it can be dropped from there.
        rest = f"SELECT relname FROM pg_class WHERE relowner = '{first}'::regrole"
        assert server.admin_execute(rest, database=second) == []


def test_restored_by_a_superuser_as_its_own(
    server: PostgresServer, console: Console, owners: tuple[str, str]
) -> None:
    """What doctor prints gives the tables to the new owner. It never advises to make a role a superuser."""
    first, second = owners
    dumped = first.removesuffix("_one")
    toy = toy_project(console.folder, server.url(dumped, user=first))
    assert console("run").exit_code == 0
    _restore(server, dumped, second, "postgres", "custom", ["--no-owner"])
    restored = ("--database-url", server.url(second, user=second))
    found = examine(console, *restored)
    for part in ("may not write the journal", "postgres owns 4 tables"):
        for one in found.sql(part):
            assert not one.startswith('GRANT "postgres"')
            server.admin_execute(one, database=second)
    assert examine(console, *restored).problems == []
    toy.tables += 1
    toy.with_revisions()
    assert console("run", *restored).exit_code == 0
    assert console("journal", "verify", *restored).exit_code == 0


def test_a_file_that_another_user_gets(tmp_path: Path) -> None:
    """SQLite: the file is copied, and given to another user, who boots and verifies it."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    toy = Toy(here, f"sqlite:///{here / 'app.db'}").with_revisions()
    assert toy.initializer().initialize().success
    shutil.copytree(here, there)
    for path in (there, *there.rglob("*")):
        os.chown(path, STRANGER, STRANGER)
    enterable(there)
    copied = Toy(there, f"sqlite:///{there / 'app.db'}", toy.tables + 1).with_revisions()

    def boot() -> list[object]:
        os.environ["XDG_STATE_HOME"] = str(there / "state")
        done = copied.initializer().initialize()
        return [done.success, *map(str, done.errors)]

    assert as_user(STRANGER, boot) == [True]
    by = [*copied.initializer().entries()][-1].by
    assert by["uid"] == STRANGER and "user" not in by
    console = Console(there, {**os.environ, "HOME": str(tmp_path)})
    done = console("journal", "verify", "--database-url", copied.url)
    assert done.exit_code == 0 and done.stdout.startswith("intact"), done.output
