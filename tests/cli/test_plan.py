"""plan: what it prints of a database as it is, with --sql and with --json, and that it writes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, make_url

from initdb.cli.output.contract import FIELDS
from initdb.events.baton import try_baton
from tests.cli.console import Console, toy_project
from tests.env_py.project import HEAD
from tests.env_py.test_offline import BOTH_MODES
from tests.support.postgres_server import PostgresServer
from tests.support.states import database_state
from tests.support.toy import Toy, table_up

CHOOSES = """
from pathlib import Path

context.script.version_locations = [str(Path("alembic/elsewhere").resolve())]
"""


def offline(toy: Toy, before: str = "") -> None:
    """Give the application an env.py with an offline mode."""
    (toy.migrations / "env.py").write_text(HEAD + before + BOTH_MODES)


def chooses(toy: Toy, source: str = BOTH_MODES) -> None:
    """Let env.py choose the folder of the revisions."""
    (toy.migrations / "versions").rename(toy.migrations / "elsewhere")
    (toy.migrations / "env.py").write_text(HEAD + CHOOSES + source)


def send(url: str, script: str) -> None:
    """Send a script as a whole, as sqlite3 and psql do."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(script)
        return
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.connection.cursor().execute(script)
    engine.dispose()


def state(url: str) -> object:
    engine = create_engine(url, poolclass=NullPool)
    try:
        return database_state(engine, journal=False)
    finally:
        engine.dispose()


@pytest.fixture
def other_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a second empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    server: PostgresServer = request.getfixturevalue("server")
    name = f"other_{make_url(database_url).database}"
    server.admin_execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
    yield server.url(name)
    server.admin_execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_sql_can_be_sent(console: Console, toy: Toy, other_url: str) -> None:
    """It makes what plain Alembic makes; everything else in it is a comment."""
    offline(toy)
    toy.revision(4, "    op.execute(\"INSERT INTO t1 VALUES (50, '50 % ; -- no comment')\")\n"
                    "    with op.get_context().autocommit_block():\n        op.execute('ANALYZE -- really')\n"
                    "    op.execute('UPDATE t1 SET id = 51 WHERE id = 50;')")  # fmt: skip
    script = console("plan", "--sql").stdout
    assert script.count("BEGIN;") == script.count("COMMIT;") == 5
    assert "-- 4. migrate r4 (make t4; leaves its transaction;" in script
    assert "NOT COMPLETE" not in script
    send(toy.url, script)
    config = Config()
    config.set_main_option("script_location", str(toy.migrations))
    config.set_main_option("sqlalchemy.url", other_url.replace("%", "%%"))
    command.upgrade(config, "heads")
    assert state(toy.url) == state(other_url)
    assert "4 revisions" not in console("run").stdout, "the next boot finds them applied"
    assert console("plan", "--sql").stdout.endswith("-- The database is ready: a boot does nothing.\n")


def test_a_revision_that_cannot_be_printed_is_named(console: Console, toy: Toy) -> None:
    """At the top and at its place, with the reason; the others are printed."""
    offline(toy)
    toy.revision(4, "    op.get_bind().execute(sa.text('SELECT 1')).all()")
    toy.revision(5, table_up(5))
    done = console("plan", "--sql")
    script = done.stdout
    assert done.stderr == "warning: the SQL is not complete: r4 cannot be printed\n"
    assert "-- NOT COMPLETE: r4 cannot be printed; do not run what follows alone." in script
    assert "-- 4. migrate r4 (make t4)\n--    not printed: it reads the database (line 11)\n\n" in script
    assert "CREATE TABLE t3 (" in script and "CREATE TABLE t5 (" in script
    steps = console.object("plan", "--sql")["steps"]
    assert [step["refused"] for step in steps][:5] == ["", "", "", "it reads the database (line 11)", ""]
    assert steps[3]["sql"] is None
    assert steps[4]["sql"][-1].startswith("UPDATE alembic_version SET version_num='r5'")
    assert "sql" not in console.object("plan")["steps"][0]


def test_an_env_py_without_an_offline_mode(console: Console, sqlite_toy: Toy) -> None:
    """Each revision is named with that reason. The plan itself says how many."""
    script = console("plan", "--sql").stdout
    assert script.count("not printed: env.py has no offline mode: it connects to the database") == 3
    console("run")
    sqlite_toy.revision(4, "    op.drop_table('t1')")
    sqlite_toy.revision(5, "    op.execute('DELETE FROM t2')")
    shown = console("plan").stdout
    assert "destructive: drops table t1 with its rows. Safer: first deploy code" in shown
    assert "destructive: deletes every row of t2. Safer: keep a backup" in shown
    assert "2 of 2 revisions cannot be printed without a database, so marks may be missing" in shown


def test_marks_are_printed_below_their_revision(console: Console, toy: Toy) -> None:
    """For people, as comments, and as data. What is new has none."""
    offline(toy)
    assert not any(step["marks"] for step in console.object("plan")["steps"])
    console("run")
    toy.revision(4, "    op.create_index('ix', 't1', ['name', 'id'])\n    op.drop_table('t2')")
    (first, *_) = console.object("plan")["steps"]
    index = {
        "kind": "blocks",
        "text": "builds index ix; writes to t1 wait",
        "instead": "postgresql_concurrently=True in an autocommit_block",
    }
    drop = {
        "kind": "destructive",
        "text": "drops table t2 with its rows",
        "instead": "first deploy code without it, and keep a backup",
    }
    assert first["marks"] == ([drop] if toy.url.startswith("sqlite") else [index, drop])
    shown = console("plan").stdout.splitlines()
    at = next(number for number, line in enumerate(shown) if "migrate       r4" in line)
    assert shown[at + len(first["marks"])].strip().startswith("destructive: drops table t2 with its rows.")
    assert "--    destructive: drops table t2 with its rows." in console("plan", "--sql").stdout


def test_a_block_on_an_empty_database(console: Console, toy: Toy) -> None:
    """Nothing is there that could be destroyed, but a person may be asked: it says about which statement."""
    toy.revision(
        4,
        "    with op.get_context().autocommit_block():\n        op.execute('UPDATE t1 SET id = id + 1')",
        "    pass",
    )
    offline(toy)
    said = console("plan").stdout
    assert "if interrupted in this statement, a person is asked: UPDATE t1 SET id = id + 1" in said


def test_a_file_that_is_not_there(console: Console, sqlite_toy: Toy) -> None:
    """All its revisions are planned, also if env.py chooses their folder; and it is not made."""
    file = Path(sqlite_toy.url.removeprefix("sqlite:///"))
    for source in (BOTH_MODES, BOTH_MODES.replace("if context.is_offline_mode()", "if False")):
        if not (sqlite_toy.migrations / "elsewhere").exists():
            chooses(sqlite_toy)
        (sqlite_toy.migrations / "env.py").write_text(HEAD + CHOOSES + source)
        planned = console.object("plan")
        assert planned["missing"] == f"There is no file {file} yet: a boot makes it"
        assert [step["subject"] for step in planned["steps"]][:4] == ["r1", "r2", "r3", "10_t1.csv"]
        assert not file.exists()
    assert console.object("run")["applied"] == ["r1", "r2", "r3"]


def test_a_folder_that_is_not_there(console: Console, sqlite_toy: Toy) -> None:
    """A run would fail."""
    shown = console("plan", "--database-url", "sqlite:///not/there.db").stdout
    assert "A boot would fail before it does anything (folder-missing)" in shown


def test_a_server_without_the_database(console: Console, server: PostgresServer) -> None:
    """Its revisions are asked for in env.py's offline mode; without one they are not known."""
    url = server.url("not_there_yet")
    toy = toy_project(console.folder, url)
    chooses(toy)
    console.environ["INITDB_CREATE_DATABASE"] = "yes"
    planned = console.object("plan", "--sql")
    assert [step["subject"] for step in planned["steps"]][:3] == ["r1", "r2", "r3"]
    assert planned["steps"][0]["sql"][0].startswith("CREATE TABLE t1")
    (toy.migrations / "env.py").write_text(
        HEAD + CHOOSES + BOTH_MODES.replace("if context.is_offline_mode()", "if False")
    )
    planned = console.object("plan")
    assert planned["steps"] == [] and "no offline mode" in planned["unknown"]
    assert (
        "cannot be asked before the database is there: env.py has no offline mode" in console("plan").stdout
    )


@contextmanager
def another_at_work(toy: Toy) -> Iterator[None]:
    """A process that has the baton."""
    site = toy.initializer(application="toy").site
    baton = try_baton(site.engine, toy.initializer(application="toy").look().journal)
    assert baton is not None
    try:
        yield
    finally:
        baton.release()


def test_another_process_is_at_work(console: Console, toy: Toy) -> None:
    """The plan says so, and what is left for now."""
    console("run")
    toy.revision(4, table_up(4))
    with another_at_work(toy):
        planned = console.object("plan")
        shown = console("plan").stdout
    assert "at work" in planned["at_work"] and planned["at_work"] in shown
    assert "A boot waits for it, and then does what is left." in shown
    assert planned["steps"][0]["subject"] == "r4"
    assert console.object("plan")["at_work"] is None


@pytest.mark.parametrize("statement", ["CREATE TABLE written (id INTEGER)", "DELETE FROM t1"])
def test_an_env_py_that_writes_does_not_write_for_a_plan(console: Console, toy: Toy, statement: str) -> None:
    """It is run to learn the folders; its connection may only read."""
    console("run")
    writes = (
        f"connection.exec_driver_sql({statement!r})\n        connection.commit()\n        context.configure"
    )
    chooses(toy, BOTH_MODES.replace("        context.configure", f"        {writes}"))
    before = state(toy.url)
    for words in (("plan",), ("plan", "--sql"), ("status",)):
        console(*words)
    assert state(toy.url) == before
    planned = console.object("plan")
    assert planned["unknown"] == f"env.py writes when it is asked for its revisions: statement: {statement}"
    assert (planned["steps"], planned["stop"]) == ([], None)


def test_what_the_models_make_is_printed(console: Console, toy: Toy) -> None:
    """The tables, and the version rows with them."""
    offline(toy)
    (console.folder / "toy_models.py").write_text(
        "import sqlalchemy as sa\nmetadata = sa.MetaData()\n"
        "sa.Table('t1', metadata, sa.Column('id', sa.Integer, primary_key=True),"
        " sa.Column('name', sa.String(40), nullable=False, unique=True), sa.Index('ix', 'name', 'id'))\n"
    )
    words = ("plan", "--sql", "--metadata", "toy_models:metadata", "--schema-from", "models")
    script = console(*words).stdout
    assert "-- 1. create_schema 1 table from the models (t1; then stamp r3" in script
    send(toy.url, script)
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]
    toy.sql("DROP TABLE alembic_version")
    words = tuple(word for word in words if word != "--sql")
    assert console.object(*words)["steps"][0]["step"] == "adopt"
    script = console(*words, "--sql").stdout
    assert "CREATE TABLE alembic_version" in script and "CREATE TABLE t1" not in script
    send(toy.url, script)
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


def test_a_repair_is_printed(console: Console, sqlite_toy: Toy) -> None:
    """A table that is gone is made again, by hand if one likes."""
    models = (
        "import sqlalchemy as sa\nmetadata = sa.MetaData()\n"
        "sa.Table('a', metadata, sa.Column('id', sa.Integer, primary_key=True), sa.Index('ix_a', 'id'))\n"
        "sa.Table('b', metadata, sa.Column('id', sa.Integer, primary_key=True))\n"
    )
    (console.folder / "shop_models.py").write_text(models)
    (console.folder / "initdb.toml").write_text(
        f"metadata = 'shop_models:metadata'\ndatabase_url = {json.dumps(sqlite_toy.url)}\n"
    )
    console("run")
    sqlite_toy.sql("DROP TABLE a")
    script = console("plan", "--sql").stdout
    assert "-- 2. repair create table a\nBEGIN;\nCREATE TABLE a (" in script
    assert "CREATE INDEX ix_a ON a (id);\nCOMMIT;" in script
    assert [step["step"] for step in console.object("plan")["steps"]] == ["validate", "repair", "validate"]
    send(sqlite_toy.url, script)
    assert console.object("plan")["verdict"] == "ready"


def test_the_fields_are_those_that_are_documented(console: Console, sqlite_toy: Toy) -> None:
    """With and without --sql, and of a step too."""
    for words in (("plan",), ("plan", "--sql")):
        planned = console.object(*words)
        assert planned.keys() == FIELDS["plan"].keys()
        for name in planned["steps"][0]:
            assert f"`{name}`" in FIELDS["plan"]["steps"]
