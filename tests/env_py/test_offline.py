"""What revisions would send, printed through env.py's offline mode, without a connection."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import NullPool, create_engine, event
from sqlalchemy.engine import Engine

from initdb.steps.alembic_driver.offline import NO_OFFLINE, print_revisions, print_stamp
from initdb.steps.effects.script import Script
from tests.env_py.project import Project, state
from tests.support.toy import table_up

BOTH_MODES = """
if context.is_offline_mode():
    context.configure(url=url)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


@pytest.fixture
def made(made: Project) -> Project:
    """Two revisions, with an env.py that has an offline mode."""
    return made.env(BOTH_MODES)


def printed(made: Project, rows: tuple[str, ...] | None = None) -> dict[str, Script]:
    """The scripts of the pending revisions."""
    initializer = made.initializer()
    found = print_revisions(initializer.site.application, initializer.engine, rows)
    assert not isinstance(found, str), found
    return found


def refused(made: Project, body: str) -> Script:
    """The script of a third revision with this body; the fourth is printed all the same."""
    made.revision(3, body)
    made.revision(4, table_up(4))
    found = printed(made, ("r2",))
    assert list(found) == ["r3", "r4"]
    assert found["r4"].refused == "" and len(found["r4"].statements) == 2
    assert found["r4"].version == (
        "UPDATE alembic_version SET version_num='r4' WHERE alembic_version.version_num = 'r3'",
    )
    return found["r3"]


def send(url: str, script: Script) -> None:
    """Send what was printed, as psql or sqlite3 would."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for text in (*(one.text for one in script.statements), *script.version):
            connection.exec_driver_sql(
                text.replace("%", "%%") if engine.dialect.driver == "psycopg2" else text
            )
    engine.dispose()


def test_what_is_printed_does_what_the_revisions_do(made: Project, plain_url: str) -> None:
    """Sent by hand, it makes the database that plain Alembic makes: values, signs and enums too."""
    made.revision(
        3,
        """
    item = op.create_table("item", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40)), sa.Column("kind", sa.Enum("a", "b", name="kind")),
        sa.Column("price", sa.Numeric(8, 2)))
    op.bulk_insert(item, [{"id": 1, "name": "50 % of ':a' \\"x\\"", "kind": "a", "price": 1}])
    op.execute("INSERT INTO item (id, name) VALUES (2, '100%'); ")
    op.execute(item.update().where(item.c.name == "100%").values(kind="b"))
    insert = sa.text("INSERT INTO item (id, name) VALUES (:id, :name)")
    op.get_bind().execute(insert, {"id": 3, "name": "it's\ta tab"})
    op.get_bind().execute(item.insert(), [{"id": 4, "name": "%s"}, {"id": 5, "name": "%(x)s"}])
    op.get_bind().exec_driver_sql("UPDATE item SET price = 2 WHERE id = 5")
    op.create_index("ix_item_name", "item", ["name"])
    with op.get_bind().begin_nested():
        op.execute("DELETE FROM item WHERE id = 4 -- so it is")
""",
    )
    for script in printed(made).values():
        assert script.refused == ""
        send(made.url, script)
    command.upgrade(made.config(plain_url), "heads")
    assert state(made.url) == state(plain_url)


def test_no_connection_is_made(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file nor a session on the server."""

    def refuse(*_: object) -> None:
        raise AssertionError("connected")

    event.listen(Engine, "do_connect", refuse)
    try:
        assert list(printed(made)) == ["r1", "r2"]
    finally:
        event.remove(Engine, "do_connect", refuse)
    if made.url.startswith("sqlite"):
        assert not Path(made.url.removeprefix("sqlite:///")).exists()


def test_the_version_table_is_made_where_it_is_missing(made: Project) -> None:
    """And not where it is there, empty."""
    assert printed(made)["r1"].version[0].startswith("CREATE TABLE alembic_version")
    assert printed(made, ())["r1"].version == ("INSERT INTO alembic_version (version_num) VALUES ('r1')",)
    assert list(printed(made, ("r1",))) == ["r2"]


def test_a_block_is_outside_the_transaction(made: Project) -> None:
    """Its statements say so."""
    made.revision(
        3,
        """
    op.execute("SELECT 1")
    with op.get_context().autocommit_block():
        op.execute("SELECT 2")
    op.execute("SELECT 3")
""",
    )
    found = printed(made, ("r2",))["r3"].statements
    assert [(one.text, one.outside) for one in found] == [
        ("SELECT 1", False),
        ("SELECT 2", True),
        ("SELECT 3", False),
    ]


@pytest.mark.parametrize(
    "body",
    [
        '    for row in op.get_bind().execute(sa.text("SELECT 1")):\n        pass',
        '    op.get_bind().scalar(sa.text("SELECT 1"))',
        '    op.get_bind().scalars(sa.text("SELECT 1"))',
        '    if op.get_bind().execute(sa.text("SELECT 1")):\n        pass',
        '    len(op.get_bind().execute(sa.text("SELECT 1")))',
        '    op.get_bind().execute(sa.text("SELECT 1")).fetchall()',
        '    op.get_bind().execute(sa.text("SELECT 1"))[0]',
        "    sa.inspect(op.get_bind())",
        '    op.get_bind().dialect.has_table(op.get_bind(), "t1")',
    ],
)
def test_a_revision_that_reads(made: Project, body: str) -> None:
    """It is named with the line, and the next one is printed."""
    script = refused(made, body)
    assert script.refused == "it reads the database (line 11)"


def test_what_it_sends_before_is_kept(made: Project) -> None:
    """It tells what the revision does."""
    script = refused(made, '    op.execute("DELETE FROM t1")\n    op.get_bind().scalar(sa.text("SELECT 1"))')
    assert [one.text for one in script.statements] == ["DELETE FROM t1"]


def test_a_revision_that_hides_that_it_reads(made: Project) -> None:
    """What it sends without the rows is not what it sends with them."""
    body = """
    try:
        names = op.get_bind().execute(sa.text("SELECT name FROM t1")).scalars().all()
    except Exception:
        names = []
    op.execute("DELETE FROM t1")
"""
    assert refused(made, body).refused == "it reads the database"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("    sa.create_engine('sqlite://').connect()", "it connects to a database by itself"),
        ("    import sqlite3\n    sqlite3.connect('made.db')", "it imports a driver"),
        ("    raise SystemExit(3)", "it needs a database: SystemExit: 3"),
        ("    1 / 0", "it needs a database: ZeroDivisionError (line "),
        (
            "    from sqlalchemy.orm import Session\n    Session(op.get_bind()).execute(sa.text('SELECT 1'))",
            "it works with a connection or a Session",
        ),
        (
            '    op.get_bind().exec_driver_sql("DELETE FROM t1 WHERE id = ?", (1,))',
            "the driver puts values into a statement",
        ),
        (
            '    op.execute(sa.text("DELETE FROM t1 WHERE id = :id"))',
            "it has a value that cannot be written as SQL",
        ),
    ],
)
def test_a_revision_that_needs_more_than_paper(made: Project, body: str, why: str) -> None:
    """The reason and the line are named."""
    script = refused(made, body)
    assert script.refused.startswith(why) and "(line 1" in script.refused


def test_batch_mode_rebuilds_a_table(made: Project) -> None:
    """On SQLite it reads the table first. On PostgreSQL it is a plain ALTER TABLE."""
    body = '    with op.batch_alter_table("t1") as batch:\n        batch.drop_column("name")'
    script = refused(made, body)
    if made.url.startswith("sqlite"):
        assert script.refused.startswith("batch mode rebuilds table t1, and has to read its definition first")
    else:
        assert [one.text for one in script.statements] == ["ALTER TABLE t1 DROP COLUMN name"]
        assert script.refused == ""


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "with create_engine(url).connect() as connection:\n    context.configure(connection=connection)\n"
            "    context.run_migrations()",
            f"{NO_OFFLINE}: it connects to the database",
        ),
        ("if not context.is_offline_mode():\n    raise AssertionError", NO_OFFLINE),
        ("raise KeyError('SECRET')", "env.py fails in offline mode: KeyError ("),
        ("raise SystemExit(2)", "env.py fails in offline mode: SystemExit: 2"),
        (
            "context.configure(dialect_name='mysql')\ncontext.run_migrations()",
            "env.py's offline mode is for another database (mysql)",
        ),
        (
            "for one in (1, 2):\n    open('engine.sql', 'w')\n    context.configure(url=url)\n"
            "    context.run_migrations()",
            "env.py migrates several databases, and its offline mode writes a file for each",
        ),
    ],
)
def test_an_env_py_that_prints_nothing(
    made: Project, source: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is returned, and nothing was written."""
    made.env(source)
    monkeypatch.chdir(made.folder)
    before = sorted(made.folder.iterdir())
    initializer = made.initializer()
    found = print_revisions(initializer.site.application, initializer.engine, None)
    assert isinstance(found, str) and found.startswith(why)
    assert sorted(made.folder.iterdir()) == before


def test_a_stamp(made: Project) -> None:
    """The statements that set the version rows."""
    site = made.initializer().site
    fresh = print_stamp(site.application, site.engine, None, ("r2",)).version
    assert fresh[0].startswith("CREATE TABLE alembic_version") and len(fresh) == 2
    again = print_stamp(site.application, site.engine, ("r1",), ("r2",))
    assert again.version == (
        "UPDATE alembic_version SET version_num='r2' WHERE alembic_version.version_num = 'r1'",
    )
    made.env("pass")
    site = made.initializer().site
    assert print_stamp(site.application, site.engine, None, ("r2",)).refused == NO_OFFLINE


def test_the_process_is_as_before(made: Project) -> None:
    """A run in the same process works as ever."""
    assert list(printed(made)) == ["r1", "r2"]
    result = made.initializer().initialize()
    assert result.success, result.errors
