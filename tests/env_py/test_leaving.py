"""Revisions that leave their transaction, or seem to: refused, allowed, or a person is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.env_py.project import Project, brought_to_ready, project, state
from tests.support.crash import killed_after
from tests.support.toy import table_up

REFUSED = {
    "commit of the bind": "op.get_bind().commit()",
    "COMMIT": 'op.execute("COMMIT")',
    "commit in small letters and a comment": 'op.execute("/* done */ commit;")',
    "END": 'op.execute("END")',
    "BEGIN": 'op.execute("BEGIN")',
    "BEGIN IMMEDIATE": 'op.get_bind().exec_driver_sql("-- a comment\\nBEGIN IMMEDIATE")',
    "ROLLBACK": 'op.execute("ROLLBACK")',
    "rollback of the bind": "op.get_bind().rollback()",
    "rollback of a session": (
        "from sqlalchemy.orm import Session; s = Session(bind=op.get_bind());"
        " s.execute(sa.text('SELECT 1')); s.rollback()"
    ),
    "START TRANSACTION": 'op.execute("START TRANSACTION")',
    "ROLLBACK and a comment": 'op.execute("ROLLBACK /* all */ TRANSACTION")',
    "commit of a transaction": "op.get_bind().get_transaction().commit()",
    "commit of the driver": "op.get_bind().connection.dbapi_connection.commit()",
    "rollback of the driver": "op.get_bind().connection.dbapi_connection.rollback()",
    "COMMIT by a cursor of the driver": 'op.get_bind().connection.cursor().execute("COMMIT")',
    "COMMIT and BEGIN by a cursor of the driver": (
        'c = op.get_bind().connection.cursor(); c.execute("COMMIT"); c.execute("BEGIN")'
    ),
}
"""Each on line 13, after a table and a row."""

PASSING = {
    "commit of a session": """
    from sqlalchemy.orm import Session
    session = Session(bind=op.get_bind())
    session.execute(sa.text("INSERT INTO t2 (id, name) VALUES (2, 'two')"))
    session.commit()
    session.execute(sa.text("INSERT INTO t2 (id, name) VALUES (3, 'three')"))
    session.commit()
""",
    "a session that is closed": """
    from sqlalchemy.orm import sessionmaker
    with sessionmaker(bind=op.get_bind())() as session:
        session.execute(sa.text("INSERT INTO t2 (id, name) VALUES (2, 'two')"))
        session.commit()
        session.execute(sa.text("SELECT 1"))
""",
    "begin() of a session": """
    from sqlalchemy.orm import Session
    with Session(bind=op.get_bind()) as session, session.begin():
        session.execute(sa.text("INSERT INTO t2 (id, name) VALUES (2, 'two')"))
""",
    "savepoints": """
    bind = op.get_bind()
    with bind.begin_nested():
        op.execute("INSERT INTO t2 (id, name) VALUES (2, 'two')")
    nested = bind.begin_nested()
    op.execute("DELETE FROM t2")
    nested.rollback()
    op.execute("SAVEPOINT own")
    op.execute("DELETE FROM t2")
    op.execute("ROLLBACK /* a part */ TO SAVEPOINT own")
    op.execute("RELEASE SAVEPOINT own")
""",
    "an error that is caught": """
    import sqlalchemy.exc
    try:
        with op.get_bind().begin_nested():
            op.execute("SELECT * FROM nowhere")
    except sqlalchemy.exc.DBAPIError:
        pass
""",
    "words that only look like it": """
    op.execute("UPDATE t2 SET name = 'COMMIT; END' WHERE name = 'BEGIN'")
    op.execute("INSERT INTO t2 (id, name) VALUES (2, '100 % sure: 50%s')")
    op.get_bind().execute(sa.text("INSERT INTO t2 (id, name) VALUES (3, :name)"), {"name": "5 %"})
    assert op.get_bind().scalar(sa.text("SELECT count(*) FROM t2 WHERE name LIKE '%sure%'")) == 1
""",
    "the application's models": """
    from sqlalchemy.orm import Session
    from tests.env_py.models import Second
    with Session(bind=op.get_bind()) as session:
        session.add(Second(id=2, name="by a model"))
        session.commit()
""",
    "what the database is asked": """
    names = sa.inspect(op.get_bind()).get_table_names()
    assert "t1" in names and "t2" in names
    if op.get_context().dialect.name == "postgresql":
        op.execute("DO $$ BEGIN PERFORM 1; END $$")
    else:
        op.execute("CREATE TRIGGER own AFTER INSERT ON t2 BEGIN SELECT 1; END")
""",
}


def changed_nothing(made: Project) -> None:
    """r1 stands, r2 left nothing."""
    assert made.applied() == ["r1"]
    assert made.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    assert "t2" not in str(state(made.url))


BY_THE_DRIVER = (
    "commit of the driver",
    "COMMIT by a cursor of the driver",
    "COMMIT and BEGIN by a cursor of the driver",
)


def is_seen_in_time(made: Project, way: str) -> bool:
    """Whether it is refused before it happens: PostgreSQL does not refuse what psycopg2 is asked to do."""
    return made.url.startswith("sqlite") or way not in BY_THE_DRIVER


@pytest.mark.parametrize("way", REFUSED)
def test_a_revision_that_ends_its_transaction_is_refused(made: Project, way: str) -> None:
    """Before the statement is sent where anything can see it; the revision and its line are named."""
    made.revision(2, table_up(2) + "\n    " + REFUSED[way])
    error = made.failure()
    assert "error: revision-committed-itself" in error, error
    assert "revision r2" in error
    assert "002_r2.py" in error
    assert "line 13" in error
    if is_seen_in_time(made, way):
        changed_nothing(made)
    else:
        assert made.applied() == ["r1"]
        assert made.sql("SELECT version_num FROM alembic_version") == [("r1",)]
        made.sql("DROP TABLE t2")
    made.revision(2, table_up(2))
    result = made.initializer().initialize()
    assert result.success, result.errors


@pytest.mark.parametrize("way", PASSING)
def test_what_stays_above_the_transaction_passes(made: Project, plain_url: str, way: str) -> None:
    """The result is plain Alembic's, and a kill before it leaves it to the next boot."""
    made.revision(2, table_up(2) + PASSING[way])
    brought_to_ready(made, plain_url)
    assert made.applied() == ["r1", "r2"]


def test_a_second_connection_reads_what_earlier_revisions_committed(made: Project) -> None:
    """In plain Alembic's single transaction it would not see them yet."""
    made.revision(
        2,
        """
    with op.get_bind().engine.connect() as second:
        assert second.exec_driver_sql("SELECT count(*) FROM t1").scalar() == 1
""",
    )
    result = made.initializer().initialize()
    assert result.success, result.errors


def test_a_later_statement_of_one_text_is_refused(tmp_path: Path, postgresql_url: str) -> None:
    """PostgreSQL takes several statements in one text, and would commit in its middle."""
    made = project(tmp_path, postgresql_url)
    made.revision(2, table_up(2) + """\n    op.execute("UPDATE t2 SET name = 'a; b'; COMMIT; SELECT 1")""")
    error = made.failure()
    assert "error: revision-committed-itself" in error
    assert "It asked for: COMMIT" in error
    assert "002_r2.py line 13" in error
    changed_nothing(made)


def test_executescript_is_refused_before_it_commits(tmp_path: Path, sqlite_url: str) -> None:
    """sqlite3 commits first, which SQLAlchemy does not see; SQLite itself is asked to refuse."""
    made = project(tmp_path, sqlite_url)
    script = "op.get_bind().connection.dbapi_connection.executescript('CREATE TABLE other (id); SELECT 1;')"
    made.revision(2, table_up(2) + f"\n    {script}")
    error = made.failure()
    assert "error: revision-committed-itself" in error
    assert "002_r2.py line 13" in error
    changed_nothing(made)
    assert "other" not in str(state(made.url))


def test_a_rollback_in_a_clean_up_tells_the_error_that_caused_it(made: Project) -> None:
    """The usual way to write it: the statement that failed is the news, not the rollback."""
    made.revision(
        2,
        table_up(2)
        + """
    from sqlalchemy.orm import Session
    session = Session(bind=op.get_bind())
    try:
        session.execute(sa.text("INSERT INTO nowhere VALUES (1)"))
        session.commit()
    except Exception:
        session.rollback()
        raise
""",
    )
    error = made.failure()
    assert "error: revision-failed" in error
    assert "nowhere" in error
    assert "002_r2.py line 16" in error
    changed_nothing(made)


def test_work_after_a_rollback_that_is_kept_quiet_is_refused(made: Project) -> None:
    """It would be outside of the transaction that its event commits in."""
    made.revision(
        2,
        table_up(2)
        + """
    import sqlalchemy.exc
    try:
        op.execute("INSERT INTO nowhere VALUES (1)")
    except sqlalchemy.exc.DBAPIError:
        op.get_bind().rollback()
    op.execute("CREATE TABLE t2 (id INTEGER)")
""",
    )
    error = made.failure()
    assert "error: revision-committed-itself" in error
    assert "002_r2.py" in error
    changed_nothing(made)


def test_a_refusal_that_is_swallowed_harms_nothing(made: Project, plain_url: str) -> None:
    """The commit did not happen; the revision goes on in its transaction and is applied with its event."""
    made.revision(
        2,
        table_up(2)
        + """
    try:
        op.execute("COMMIT")
    except Exception:
        pass
    op.execute("INSERT INTO t2 (id, name) VALUES (2, 'two')")
""",
    )
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert made.sql("SELECT count(*) FROM t2") == [(2,)]


BLOCK = """
    with op.get_context().autocommit_block():
        {inside}
    op.execute("INSERT INTO t2 (id, name) VALUES (2, 'after')")
"""


def outside(made: Project, then: str = "") -> str:
    """A revision's body: a table, a statement that refuses a transaction, and a row."""
    refuses = "VACUUM" if made.url.startswith("sqlite") else "CREATE INDEX CONCURRENTLY named ON t2 (name)"
    return table_up(2) + BLOCK.format(inside=f'op.execute("{refuses}"){then}')


def test_an_autocommit_block_is_written_down_first(made: Project, plain_url: str) -> None:
    """step_started before it, migration_applied after it, and plain Alembic's result."""
    made.revision(2, outside(made))
    made.env("""
        with create_engine(url, poolclass=pool.NullPool).connect() as connection:
            context.configure(connection=connection, transaction_per_migration=True)
            with context.begin_transaction():
                context.run_migrations()
        """)
    brought_to_ready(made, plain_url)
    types = made.types()
    assert types.index("step_started") == len(types) - 3
    assert types[-2:] == ["migration_applied", "health_validated"]
    assert made.events("step_started")[0].data["subject"] == "r2"


def test_a_statement_that_refuses_a_transaction_is_told_where_it_belongs(made: Project) -> None:
    """Plain Alembic lets VACUUM through on SQLite, where each of its statements commits itself."""
    refuses = "VACUUM" if made.url.startswith("sqlite") else "CREATE INDEX CONCURRENTLY named ON t1 (name)"
    made.revision(2, f'    op.execute("{refuses}")')
    error = made.failure()
    assert "error: revision-failed" in error
    assert "002_r2.py line 11" in error
    assert "autocommit_block" in error


def test_killed_inside_a_block_it_finds_out_how_far_it_came(made: Project, plain_url: str) -> None:
    """What it had sent before is not sent again; what it may have died in is looked for."""
    made.revision(2, outside(made))
    killed_after(made, "step_started")
    assert made.sql("SELECT count(*) FROM t2") == [(1,)]
    brought_to_ready(made, plain_url)
    assert made.sql("SELECT count(*) FROM t2") == [(2,)]
    assert made.applied() == ["r1", "r2"]
    assert made.types().count("step_started") == 2


@pytest.mark.parametrize(
    "before",
    [
        "    op.get_bind().connection.cursor().execute('SELECT 1')\n",
        "    op.get_bind().exec_driver_sql('CREATE TEMPORARY TABLE aside (id INTEGER)')\n",
    ],
)
def test_what_could_not_be_seen_or_repeated_is_asked_about(made: Project, before: str) -> None:
    """A revision that works below SQLAlchemy, or makes what is gone with its session."""
    made.revision(2, before + outside(made))
    killed_after(made, "step_started")
    assert "error: revision-in-doubt" in made.failure()


def test_a_revision_that_takes_another_way_is_asked_about(made: Project) -> None:
    """It does not send what it sent before: what it would send now is not tried."""
    flag = made.folder / "flag"
    before = (
        "    import pathlib\n"
        f"    again = pathlib.Path({str(flag)!r}).exists()\n"
        f"    pathlib.Path({str(flag)!r}).touch()\n"
        "    if again:\n"
        "        op.execute(\"INSERT INTO t1 (id, name) VALUES (77, 'another way')\")\n"
    )
    made.revision(2, before + outside(made))
    killed_after(made, "step_started")
    error = made.failure()
    assert "error: revision-in-doubt" in error
    assert "takes another way" in error
    assert made.sql("SELECT count(*) FROM t1 WHERE id = 77") == [(0,)]


def test_a_file_that_changed_meanwhile_is_asked_about(made: Project) -> None:
    """What its former text had sent says nothing of the new one."""
    made.revision(2, outside(made))
    killed_after(made, "step_started")
    made.revision(2, outside(made), doc="corrected")
    assert "error: revision-in-doubt" in made.failure()


def test_a_failure_inside_a_block_says_what_stands(made: Project) -> None:
    """It is not retried, and the error does not say that it was rolled back."""
    made.revision(2, outside(made, '\n        op.execute("SELECT * FROM nowhere")'))
    error = made.failure()
    assert "error: revision-failed" in error
    assert "002_r2.py line 15" in error
    assert "outside a transaction" in error
    assert "--retry r2" in error
    assert "error: revision-failed" in made.initializer().resume().errors[0]
    made.sql("CREATE TABLE nowhere (id INTEGER)")
    resumed = made.initializer().resume()
    assert resumed.success, resumed.errors
    assert made.sql("SELECT count(*) FROM t2") == [(2,)]


def test_two_blocks_in_one_revision_of_a_branch(made: Project) -> None:
    """It is the revision that runs that is named, not the one that a new look would take first."""
    block = "\n    with op.get_context().autocommit_block():\n        op.execute('SELECT 1')"
    made.revision(2, table_up(2) + block + block)
    other = made.revision(3, table_up(3))
    other.write_text(other.read_text().replace("'r2'", "None").replace("labels = None", "labels = ('x',)"))
    result = made.initializer().initialize()
    assert result.success, result.errors
    assert sorted(made.applied()) == ["r1", "r2", "r3"]
    assert [entry.data["subject"] for entry in made.events("step_started")] == ["r2", "r2"]
