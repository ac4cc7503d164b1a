"""Revisions that end the process, close their connection or touch the journal are never half recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from initdb.statemachine import orders
from tests.crash.children import Ended, call
from tests.support.toy import Toy, table_up

TABLE = table_up(2)
BEFORE = ["journal_created", "run_started", "database_inspected", "migration_applied"]
APPLIED = [*BEFORE, "migration_applied", "migration_applied", "health_validated"]


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """Three revisions that make a table with a row each; nothing done yet."""
    options = {"schema_from": "migrations", "wait_limit": 5}
    return Toy(tmp_path, database_url, options=options).with_revisions()


def boot(toy: Toy, body: str) -> Ended:
    """Boot with `body` at the end of the second revision, in a process of its own with a time limit."""
    lines = "".join(f"\n    {line}" for line in body.splitlines())
    toy.revision(2, TABLE + lines, '    op.drop_table("t2")')
    return call(lambda: _boot(toy), limit=30)


def _boot(toy: Toy) -> dict[str, Any]:
    result = toy.initializer().initialize()
    return {"outcome": result.outcome, "errors": "\n".join(result.errors)}


def recovers(toy: Toy) -> None:
    """Once the revision is fixed, a boot applies it, and every row is there once."""
    toy.revision(2, TABLE, '    op.drop_table("t2")')
    result = toy.initializer().initialize()
    assert result.success, result.errors
    for number in (1, 2, 3):
        assert toy.sql(f"SELECT name FROM t{number}") == [(f"first of t{number}",)]
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]


DYING = {
    "os._exit": "import os; os._exit(3)",
    "SIGKILL": "import os; os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("way", DYING)
def test_a_process_that_dies_in_a_revision(toy: Toy, way: str) -> None:
    """Nothing of it is there. The next boot with the same code tries again, and says when it is a loop."""
    toy.options["attempts"] = 2
    ended = boot(toy, DYING[way])
    assert ended.answer is None
    assert toy.types() == BEFORE
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    for _ in range(3):
        ended = call(lambda: _boot(toy), limit=30)
    assert ended.answer is not None and "error: crash-loop" in ended.answer["errors"]
    recovers(toy)


_NO_VIEWS = "op.execute('DROP VIEW init_runs')\nop.execute('DROP VIEW init_failures')\n"

RAISING = {
    "SystemExit": ("raise SystemExit(3)", "revision-failed", "sys.exit(3)"),
    "sys.exit": ("import sys; sys.exit('enough')", "revision-failed", "sys.exit(…)"),
    "MemoryError": ("raise MemoryError", "revision-failed", "MemoryError"),
    "RecursionError": ("def down(): down()\ndown()", "revision-failed", "RecursionError"),
    "StopIteration": ("raise StopIteration", "revision-failed", "StopIteration"),
    "isolation level": (
        'op.get_bind().execution_options(isolation_level="AUTOCOMMIT")',
        "revision-failed",
        "InvalidRequestError",
    ),
    "its savepoint": (
        'op.execute("RELEASE SAVEPOINT initdb_step")',
        "revision-committed-itself",
        "savepoint",
    ),
    "the version row": (
        "op.execute(\"UPDATE alembic_version SET version_num = 'x'\")",
        "revision-failed",
        "r2",
    ),
    "the version table": ('op.execute("DROP TABLE alembic_version")', "revision-failed", "alembic_version"),
    "DELETE of the journal": ('op.execute("DELETE FROM init_journal")', None, "append-only"),
    "UPDATE of the head": (
        'op.execute("UPDATE init_journal_head SET seq = 9")',
        None,
        "moves by an event only",
    ),
    "DROP of the journal": (f'{_NO_VIEWS}op.execute("DROP TABLE init_journal")', "journal-dropped", "r2"),
    "DROP of the head": ('op.execute("DROP TABLE init_journal_head")', "journal-dropped", "r2"),
    "a new name for the journal": (
        'op.rename_table("init_journal", "history")\nop.rename_table("init_journal_head", "last")',
        None,
        "r2",
    ),
    "every table": (
        f"{_NO_VIEWS}every = sa.MetaData()\nevery.reflect(op.get_bind())\n"
        "every.remove(every.tables['alembic_version'])\n"
        "every.drop_all(op.get_bind())",
        "journal-dropped",
        "r2",
    ),
}


@pytest.mark.parametrize("way", RAISING)
def test_a_revision_that_does_what_it_must_not(toy: Toy, way: str) -> None:
    """The first revision is applied and nothing of the second, which is named and tried once."""
    body, reference, words = RAISING[way]
    ended = boot(toy, body)
    assert ended.answer is not None and ended.answer["outcome"] == "failed", ended
    errors = ended.answer["errors"]
    assert reference is None or f"error: {reference}" in errors, errors
    assert words in errors and "revision r2" in errors and "002_r2.py" in errors, errors
    assert toy.types() == [*BEFORE, "step_failed"]
    assert call(lambda: _boot(toy), limit=30).answer == ended.answer
    assert toy.types() == [*BEFORE, "step_failed"]
    recovers(toy)


@pytest.mark.parametrize("signum", ["SIGTERM", "SIGINT"])
def test_a_signal_in_a_revision(toy: Toy, signum: str) -> None:
    """The run ends properly: the revision is rolled back, and run_stopped says why."""
    body = f"    import os, signal, time\n    os.kill(os.getpid(), signal.{signum})\n    time.sleep(0.3)"
    toy.revision(2, f"{TABLE}\n{body}", '    op.drop_table("t2")')
    ended = call(lambda: {"ending": toy.initializer().attend(host=True).ending}, limit=30)
    assert ended.answer == {"ending": "stopped"}
    assert toy.types() == [*BEFORE, "run_stopped"]
    recovers(toy)


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "GeneratorExit", "type('Odd', (BaseException,), {})"])
def test_an_exception_that_nobody_catches(toy: Toy, error: str) -> None:
    """It reaches the caller, and the database is as before the revision."""
    with pytest.raises(RuntimeError, match="Odd" if "Odd" in error else error):
        boot(toy, f"raise ({error})()")
    assert toy.types()[:4] == BEFORE
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r1",)]
    recovers(toy)


HARMLESS = {
    "a child that leaves": "import os\nif not (child := os.fork()): os._exit(0)\nos.waitpid(child, 0)",
    "a child that exits": "import os, sys\nif not (child := os.fork()): sys.exit(0)\nos.waitpid(child, 0)",
    "a child that raises": "import os\nif not (child := os.fork()): raise ValueError\nos.waitpid(child, 0)",
    "a child that comes back": "import os\nif child := os.fork(): os.waitpid(child, 0)",
    "multiprocessing": (
        "import multiprocessing\nchild = multiprocessing.get_context('fork').Process(target=int)\n"
        "child.start()\nchild.join()"
    ),
    "a subprocess": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'], check=True)",
    "a thread that reads": (
        "import threading\ndef read():\n    with op.get_bind().engine.connect() as other:\n"
        "        other.execute(sa.text('SELECT * FROM t1')).all()\n"
        "thread = threading.Thread(target=read)\nthread.start()\nthread.join()"
    ),
    "a thread that works for it": (
        "import threading\nbind = op.get_bind()\n"
        "def work(): bind.execute(sa.text(\"UPDATE t1 SET name = 'first of t1'\"))\n"
        "thread = threading.Thread(target=work)\nthread.start()\nthread.join()"
    ),
    "an engine that is disposed of": "op.get_bind().engine.dispose()",
    "a detached connection": "op.get_bind().detach()",
    "another working directory": "import os\nos.chdir('/')",
}


@pytest.mark.parametrize("way", HARMLESS)
def test_what_harms_nothing(toy: Toy, way: str) -> None:
    """Each revision is applied and recorded once; a child that was forked does nothing to the database."""
    ended = boot(toy, HARMLESS[way])
    assert ended.answer is not None and ended.answer["outcome"] == "ready", ended
    assert toy.types() == APPLIED
    for number in (1, 2, 3):
        assert toy.sql(f"SELECT name FROM t{number}") == [(f"first of t{number}",)]
    assert toy.initializer().initialize().steps_completed == []


OF_THE_SESSION = {
    "postgresql": {
        "no search_path": "op.execute(\"SET search_path = ''\")",
        "another search_path": 'op.execute("CREATE SCHEMA s")\nop.execute("SET search_path = s")',
        "another search_path, locally": (
            "op.execute(\"SELECT set_config('search_path', 'pg_catalog', true)\")"
        ),
        "a table of the same name first in the search_path": (
            'op.execute("CREATE SCHEMA s")\nop.execute("CREATE TABLE s.init_journal (seq int)")\n'
            'op.execute("CREATE TABLE s.init_journal_head (seq int)")\n'
            'op.execute("SET search_path = s, public")'
        ),
        "a temporary table of the same name": (
            'op.execute("CREATE TEMP TABLE init_journal (seq int)")\n'
            'op.execute("CREATE TEMP TABLE init_journal_head (id int, seq int, hash text)")'
        ),
        "another role": 'op.execute("SET ROLE pg_read_all_data")',
        "another role, locally": 'op.execute("SET LOCAL ROLE pg_read_all_data")',
        "a timeout": "op.execute(\"SET statement_timeout = '30s'; SET lock_timeout = '1ms'\")",
        "everything reset": 'op.execute("RESET ALL")',
        "deferred constraints": 'op.execute("SET CONSTRAINTS ALL DEFERRED")',
        "another encoding of strings": "op.execute(\"SET client_encoding = 'LATIN1'\")",
        "read only for the next": 'op.execute("SET default_transaction_read_only = on")',
    },
    "sqlite": {
        "foreign keys on": 'op.execute("PRAGMA foreign_keys = ON")',
        "foreign keys deferred": 'op.execute("PRAGMA defer_foreign_keys = ON")',
        "recursive triggers": 'op.execute("PRAGMA recursive_triggers = ON")',
        "a temporary table of the same name": (
            'op.execute("CREATE TEMP TABLE init_journal (seq INTEGER)")\n'
            'op.execute("CREATE TEMP TABLE init_journal_head (id INTEGER, seq INTEGER, hash TEXT)")'
        ),
        "a short wait": 'op.execute("PRAGMA busy_timeout = 0")',
        "names of columns": 'op.execute("PRAGMA full_column_names = ON")',
    },
}


@pytest.mark.parametrize(
    ("database_url", "way"),
    [(database, way) for database, ways in OF_THE_SESSION.items() for way in ways],
    indirect=["database_url"],
)
def test_what_a_revision_sets_in_its_session(toy: Toy, way: str) -> None:
    """Its event and later revisions still have their tables, privileges and journal; or the revision is
    named, and nothing of it is there."""
    database = "sqlite" if toy.url.startswith("sqlite") else "postgresql"
    ended = boot(toy, OF_THE_SESSION[database][way])
    assert ended.answer is not None, ended
    if ended.answer["outcome"] == "failed":
        assert "r2" in ended.answer["errors"] or "r3" in ended.answer["errors"], ended.answer["errors"]
        if toy.types() == [*BEFORE, "step_failed"]:
            recovers(toy)  # its own version row was out of its reach, as it is in plain Alembic
        else:
            assert toy.types() == [*BEFORE, "migration_applied", "step_failed"]
            initializer = toy.initializer()
            assert initializer.attend(orders.resume(initializer.look())).ending == "ready"
    assert toy.types().count("migration_applied") == 3
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r3",)]
    for number in (1, 2):
        assert toy.sql(f"SELECT name FROM t{number}") == [(f"first of t{number}",)]


SECOND = """
with op.get_bind().engine.connect() as other:
    other.execute(sa.text("UPDATE t1 SET name = name"))
    other.execute(sa.text("INSERT INTO t1 (id, name) VALUES (7, 'by another connection')"))
    other.commit()
"""


def test_a_second_connection_that_writes(toy: Toy) -> None:
    """PostgreSQL allows it, and the revision is recorded once. SQLite has one writer, so the revision is
    named, and nothing of it is there."""
    ended = boot(toy, SECOND)
    assert ended.answer is not None
    if toy.url.startswith("sqlite"):
        assert ended.answer["outcome"] == "failed"
        assert "database is locked" in ended.answer["errors"] and "revision r2" in ended.answer["errors"]
        assert toy.types() == [*BEFORE, "step_failed"]
        recovers(toy)
        return
    assert ended.answer["outcome"] == "ready", ended
    assert toy.types() == APPLIED
    assert toy.sql("SELECT count(*) FROM t1") == [(2,)]
    assert toy.initializer().initialize().steps_completed == []


def test_a_second_connection_that_writes_and_a_failure_after_it(toy: Toy) -> None:
    """What it committed on its own connection stays; the revision itself left nothing and is tried again."""
    ended = boot(toy, f"{SECOND}\nraise ValueError('afterwards')")
    assert ended.answer is not None and ended.answer["outcome"] == "failed", ended
    assert "revision r2" in ended.answer["errors"]
    assert toy.types() == [*BEFORE, "step_failed"]
    toy.sql("DELETE FROM t1 WHERE id = 7")
    recovers(toy)


def test_a_thread_that_goes_on_after_its_revision(toy: Toy) -> None:
    """It uses a connection that is in use or closed, which may even end the process. Each revision is still
    recorded once."""
    ended = boot(
        toy,
        "import threading, time\nbind = op.get_bind()\ndef late():\n    time.sleep(0.02)\n    try:\n"
        "        bind.execute(sa.text('SELECT 1'))\n    except Exception:\n        pass\n"
        "threading.Thread(target=late).start()",
    )
    if ended.answer is None or ended.answer["outcome"] == "failed":
        recovers(toy)
    assert toy.types().count("migration_applied") == 3


def test_a_child_that_lives_on(toy: Toy) -> None:
    """The child has inherited the connection. The run commits, so its locks end with it."""
    ended = boot(
        toy, "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(1.5)\n    os._exit(0)"
    )
    assert ended.answer is not None and ended.answer["outcome"] == "ready", ended
    toy.revision(4, table_up(4), '    op.drop_table("t4")')
    toy.tables = 4
    assert toy.initializer().initialize().success


@pytest.mark.parametrize("shape", ["rows", "connection", "rule"])
@pytest.mark.parametrize("child", ["sys.exit(3)", "pass", "raise ValueError"])
def test_a_seed_or_a_rule_that_forks(toy: Toy, shape: str, child: str) -> None:
    """A child that returns from the revision ends there, and the work is done once."""
    ended = call(lambda: _boot_forking(toy, shape, child), limit=30)
    assert ended.answer == {"outcome": "ready", "errors": ""}, ended
    if shape != "rule":
        assert toy.sql("SELECT count(*) FROM t1") == [(2,)]
    assert toy.types()[-1] == "health_validated"


def _boot_forking(toy: Toy, shape: str, child: str) -> dict[str, Any]:
    import os
    import sys

    from initdb.steps.context import Rule
    from initdb.steps.seeds.functions import seed

    def fork() -> None:
        if not (pid := os.fork()):
            exec(child, {"sys": sys})
        else:
            os.waitpid(pid, 0)

    @seed(table="t1")
    def rows() -> Any:
        yield {"id": 7, "name": "a row"}
        fork()

    @seed()
    def filled(connection: Any) -> int:
        connection.exec_driver_sql("INSERT INTO t1 VALUES (7, 'a row')")
        fork()
        return 1

    def rule(connection: Any) -> list[str]:
        fork()
        return []

    initializer = toy.initializer()
    from initdb.statemachine.initializer import Initializer

    made = Initializer(
        metadata=toy.metadata(),
        migrations=toy.migrations,
        seeds={"rows": [rows], "connection": [filled], "rule": None}[shape],
        rules=(Rule("forking", rule),) if shape == "rule" else (),
        settings=initializer.settings,
    )
    result = made.initialize()
    return {"outcome": result.outcome, "errors": "\n".join(result.errors)}
