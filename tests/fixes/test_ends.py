"""Runs that are stopped, that die, or that lose their connection."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from initdb.statemachine.initializer import Initializer
from initdb.steps import inspect
from tests.fixes.claims import fixes
from tests.fixes.person import Done, Person
from tests.fixes.scenes import ON_POSTGRESQL, ON_SQLITE, UNLESS, better, set_to
from tests.support import forked
from tests.support.toy import Toy
from tests.support.waiting import wait_until


@fixes("stopped")
def test_a_run_that_is_stopped(person: Person, ready: Toy) -> None:
    """SIGTERM reaches it in the middle of a revision."""
    ready.revision(4, f"{UNLESS}open('begun', 'w').close()\n        op.execute({COUNT!r})")
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = forked.Forked("initdb", "run", cwd=person.folder, env=person.environ, **streams)
    assert wait_until((person.folder / "begun").exists)
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=60)
    person.meets(Done("initdb run", process.returncode, stdout, stderr), "stopped", code=143)
    better(person)
    command = person.printed(f"{sys.executable} -m initdb run")
    forked.run(*command.split()[2:], cwd=person.folder, env=person.environ)
    person.runs("initdb run --mode check")


@fixes("crash-loop")
def test_a_run_that_dies_again_and_again(person: Person, ready: Toy) -> None:
    """Until a person says that the cause is gone."""
    set_to(person, "attempts", "1")
    ready.revision(4, UNLESS + "os._exit(9)")
    assert forked.run("initdb", "run", cwd=person.folder, env=person.environ).returncode == 9
    person.fails("initdb run", "crash-loop")
    assert "run" in person.looks()[0].stdout
    better(person)
    person.follows("initdb resume")


@fixes("connection-keeps-breaking")
@ON_POSTGRESQL
def test_a_connection_that_breaks(person: Person, ready: Toy, once: None) -> None:
    """The session ends itself, each time."""
    ready.revision(4, UNLESS + "op.execute('SELECT pg_terminate_backend(pg_backend_pid())')")
    person.fails("initdb run --wait-limit 0", "connection-keeps-breaking")
    assert "connection" in person.looks()[0].stdout
    better(person)
    person.follows("initdb resume")


@fixes("connection-lost")
@ON_SQLITE
def test_a_file_that_is_moved_away(person: Person, ready: Toy) -> None:
    """While the run has it open; it is moved back."""
    ready.sql("PRAGMA journal_mode = DELETE")
    ready.revision(4, UNLESS + "os.rename('app.db', 'moved.db')")
    ready.revision(5, "    op.execute('CREATE TABLE t4 (id INTEGER)')")
    person.fails("initdb run --wait-limit 0", "connection-lost")
    (person.folder / "moved.db").rename(person.folder / "app.db")
    better(person)
    person.follows("initdb run")


@fixes("in-transaction")
@ON_SQLITE
def test_an_open_transaction_of_the_application(person: Person, toy: Toy) -> None:
    """Of a connection that all share; it is ended as printed, and the call is made again."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    connection = engine.raw_connection().driver_connection
    assert connection is not None
    connection.execute("BEGIN")
    made = Initializer(engine, metadata=toy.metadata(), name="toy").initialize()
    person.meets(Done("initialize()", made.exit_code, "", made.errors[0] + "\n"), "in-transaction")
    assert person.printed("db.session.commit()")
    connection.commit()
    assert Initializer(engine, metadata=toy.metadata(), name="toy").initialize().success


@fixes("transaction-ended")
def test_a_base_that_commits(person: Person, toy: Toy) -> None:
    """Its commit is taken out."""
    code = "def make(connection):\n    connection.exec_driver_sql('CREATE TABLE base (id INTEGER)')\n"
    file = person.folder / "legacy.py"
    file.write_text(f"{code}    connection.exec_driver_sql('COMMIT')\n")
    set_to(person, "base", '"legacy:make"')
    set_to(person, "schema_from", '"base"')
    person.fails("initdb run", "transaction-ended")
    file.write_text(code)
    toy.sql("DROP TABLE IF EXISTS base")
    forked.run(*person.printed("initdb resume").split(), cwd=person.folder, env=person.environ)
    person.runs("initdb run --mode check")


@ON_SQLITE
@fixes("internal-error")
def test_a_mistake_of_ours(person: Person, toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there for the report is typed as printed; where it works again, so is the rest."""
    with monkeypatch.context() as patch:
        patch.setattr(inspect, "run", lambda ctx: {"something": 1}["nothing"])
        person.fails("initdb run", "internal-error")
    person.looks()
    person.follows("initdb resume")


COUNT = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
