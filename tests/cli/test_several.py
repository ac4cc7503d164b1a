"""Commands handle the databases of Alembic's multidb template one after the other."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.pool import NullPool

from tests.cli.console import Console
from tests.support.postgres_server import PostgresServer

REVISION = '''"""make {name}"""
import os
import pathlib

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {down!r}


def upgrade(engine_name):
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name):
    op.drop_table("{name}_" + engine_name)


def upgrade_engine1():
    op.create_table("{name}_engine1", sa.Column("id", sa.Integer, primary_key=True))


def upgrade_engine2():
    op.create_table("{name}_engine2", sa.Column("id", sa.Integer, primary_key=True))
{more}
'''

DIES = """
    flag = pathlib.Path(__file__).with_name("died")
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), 9)
"""


@pytest.fixture
def urls(console: Console, database_url: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Two empty databases of one kind."""
    if database_url.startswith("sqlite"):
        yield tuple(f"sqlite:///{console.folder / name}.db" for name in ("one", "two"))  # type: ignore[misc]
        return
    server: PostgresServer = request.getfixturevalue("server")
    first = make_url(database_url)
    server.admin_execute(f"CREATE DATABASE {first.database}_two")
    yield database_url, first.set(database=f"{first.database}_two").render_as_string(hide_password=False)
    server.admin_execute(f"DROP DATABASE IF EXISTS {first.database}_two WITH (FORCE)")


@pytest.fixture
def project(console: Console, urls: tuple[str, str]) -> Path:
    """Two revisions for each, and an initdb.toml that names both databases."""
    folder = console.folder
    ini = folder / "alembic.ini"
    command.init(Config(str(ini), stdout=io.StringIO()), str(folder / "alembic"), template="multidb")
    text = ini.read_text()
    for name, url in zip(("engine1", "engine2"), urls, strict=True):
        head, section, rest = text.partition(f"[{name}]\n")
        before, _, after = rest.partition("sqlalchemy.url = ")
        line, rest = f"sqlalchemy.url = {url.replace('%', '%%')}\n", after.partition("\n")[2]
        text = f"{head}{section}{before}{line}{rest}"
    ini.write_text(text)
    revision(folder, 1)
    revision(folder, 2)
    lines = ['application = "shop"', 'migrations = "alembic.ini"', f"database_url = {json.dumps(urls[0])}"]
    lines += ["[databases]", f"engine2 = {json.dumps(urls[1])}"]
    (folder / "initdb.toml").write_text("\n".join(lines) + "\n")
    return folder


def revision(folder: Path, number: int, more: str = "") -> None:
    text = REVISION.format(name=f"r{number}", down=f"r{number - 1}" if number > 1 else None, more=more)
    (folder / "alembic" / "versions" / f"r{number}.py").write_text(text)


def tables(url: str) -> set[str]:
    engine = create_engine(url, poolclass=NullPool)
    return {name for name in inspect(engine).get_table_names() if not name.startswith("init_journal")}


def test_run_brings_each_to_ready(console: Console, project: Path, urls: tuple[str, str]) -> None:
    """One after the other; each has its own journal; the second call finds both ready."""
    done = console("run")
    assert done.exit_code == 0, done.output
    assert "shop on" in done.stdout and "shop/engine2 on" in done.stdout
    assert tables(urls[0]) == {"alembic_version", "r1_engine1", "r2_engine1"}
    assert tables(urls[1]) == {"alembic_version", "r1_engine2", "r2_engine2"}
    assert console("run").stdout.count("already ready") == 2
    for words in ((), ("--database", "engine2")):
        events = [json.loads(line) for line in console("journal", *words, "--json").stdout.splitlines()]
        assert [event["type"] for event in events].count("migration_applied") == 2
        assert console("journal", "verify", *words).exit_code == 0
    said = [json.loads(line) for line in console("run", "--json").stdout.splitlines()]
    assert [one["application"] for one in said] == ["shop", "shop/engine2"]


def test_one_that_is_missing_is_created_only_if_that_is_allowed(
    console: Console, project: Path, urls: tuple[str, str], server: PostgresServer
) -> None:
    """Before anything is changed in another one. A SQLite file needs no permission, and is named."""
    if urls[1].startswith("postgresql"):
        server.admin_execute(f"DROP DATABASE {make_url(urls[1]).database}")
        done = console("run")
        assert done.exit_code == 1 and f"{make_url(urls[1]).database} on " in done.stderr
        assert tables(urls[0]) == set() and console("status").exit_code == 3
    done = console("run", "--create-database", "yes")
    assert done.exit_code == 0, done.output
    first, second = (done.stdout.index(f"shop{name} on ") for name in ("", "/engine2"))
    assert first < done.stdout.index(f"creating the database {make_url(urls[1]).database}") < second
    events = [
        json.loads(line) for line in console("journal", "--database", "engine2", "--json").stdout.splitlines()
    ]
    created = [event["type"] for event in events].count("database_created")
    assert created == urls[1].startswith("postgresql")


def test_killed_in_the_second_it_goes_on_there(
    console: Console, project: Path, urls: tuple[str, str]
) -> None:
    """What was done in the first is not done again."""
    revision(project, 2, DIES)
    assert console.process("run").returncode == -9
    assert tables(urls[0]) == {"alembic_version", "r1_engine1", "r2_engine1"}
    assert tables(urls[1]) == {"alembic_version", "r1_engine2"}
    done = console.process("resume")
    assert done.returncode == 0, done.stderr
    assert "already ready" in done.stdout and "1 revision applied" in done.stdout
    assert tables(urls[1]) == {"alembic_version", "r1_engine2", "r2_engine2"}
    assert console("status", "--database", "engine2").exit_code == 0


def test_a_command_about_one_takes_the_one_that_is_named(
    console: Console, project: Path, urls: tuple[str, str]
) -> None:
    """The first where none is named."""
    console("run")
    assert console("rollback", "--database", "engine2").exit_code == 0
    assert tables(urls[1]) == {"alembic_version", "r1_engine2"}
    assert tables(urls[0]) == {"alembic_version", "r1_engine1", "r2_engine1"}
    assert console("rollback").exit_code == 0
    assert tables(urls[0]) == {"alembic_version", "r1_engine1"}
    assert console("release", "--database", "engine2").exit_code == 0
    assert console("run").stdout.count("nothing was done: r2 is held (") == 1
    assert tables(urls[1]) == {"alembic_version", "r1_engine2", "r2_engine2"}


def test_the_journals_are_taken_out_one_at_a_time(
    console: Console, project: Path, urls: tuple[str, str]
) -> None:
    """What is left for a person names the other database, with the command for it."""
    console("run")
    found = console.object("eject", "--to", "kept.jsonl", "--yes")
    assert console("journal", "verify").exit_code == 5
    assert console("journal", "verify", "--database", "engine2").exit_code == 0
    line = next(line for line in found["left"] if "database engine2" in line)
    assert console(*line.partition("initdb ")[2].split(), "--yes").exit_code == 0
    assert console("journal", "verify", "--database", "engine2").exit_code == 5
    assert tables(urls[1]) == {"alembic_version", "r1_engine2", "r2_engine2"}


def test_a_name_that_none_has_is_refused(console: Console, project: Path) -> None:
    """With the names that there are; and databases without revisions make no sense."""
    for words in (("run",), ("status",), ("journal",), ("plan",)):
        done = console(*words, "--database", "engine3")
        assert done.exit_code == 2
        assert "engine2" in done.stderr and "engine3" in done.stderr
    file = project / "initdb.toml"
    file.write_text(file.read_text().replace('migrations = "alembic.ini"\n', ""))
    done = console("run")
    assert (done.exit_code, "migrations" in done.stderr) == (2, True)


def test_a_database_that_was_not_named_is_refused_before_anything_is_changed(
    console: Console, project: Path, urls: tuple[str, str]
) -> None:
    """It says which setting names it."""
    file = project / "initdb.toml"
    file.write_text(file.read_text().partition("[databases]")[0])
    done = console("run")
    assert done.exit_code == 1
    assert "env-py-several-databases" in done.stderr and "databases" in done.stderr
    assert tables(urls[0]) == set()
