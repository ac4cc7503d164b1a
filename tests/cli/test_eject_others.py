"""`initdb eject` beside other roles, schemas, locks and databases, and when it is killed."""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.cli.console import Console, toy_project
from tests.cli.test_eject import exported, ours
from tests.crash import taps
from tests.support.flask_site import FlaskSite
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy
from tests.support.waiting import wait_until


@pytest.fixture
def pg(console: Console, postgresql_url: str) -> Toy:
    """The toy on PostgreSQL."""
    return toy_project(console.folder, postgresql_url)


@pytest.fixture
def roles(server: PostgresServer, postgresql_url: str) -> Iterator[tuple[str, str]]:
    """A role that owns the database, and one that only serves."""
    name = make_url(postgresql_url).database or ""
    owner, app = f"{name}_owner", f"{name}_app"
    server.admin_execute(f"CREATE ROLE {owner} LOGIN")
    server.admin_execute(f"CREATE ROLE {app} LOGIN")
    server.admin_execute(f"ALTER DATABASE {name} OWNER TO {owner}")
    yield owner, app
    for role in (owner, app):
        server.admin_execute(f"REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}", database=name)
        server.admin_execute(f"ALTER DATABASE {name} OWNER TO postgres")
        server.admin_execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def as_role(url: str, role: str) -> str:
    """The URL with another user."""
    return make_url(url).set(username=role).render_as_string(hide_password=False)


def test_only_its_owner_can_take_it_out(console: Console, pg: Toy, roles: tuple[str, str]) -> None:
    """The role that serves is told who the owner is; the fix, typed, does it."""
    owner, app = roles
    assert console("run", "--database-url", as_role(pg.url, owner)).exit_code == 0
    pg.sql(f"GRANT USAGE ON SCHEMA public TO {app}", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {app}")
    words = ("eject", "--to", "kept.jsonl", "--database-url", as_role(pg.url, app))
    done = console(*words, "--yes")
    assert done.exit_code == 1
    assert "journal-not-owned" in done.stderr
    assert f"The table public.init_journal belongs to {owner}." in done.stderr
    assert not (console.folder / "kept.jsonl").exists()
    fix = next(line for line in done.stderr.splitlines() if line.startswith("fix: "))
    typed = shlex.split(fix[fix.index("initdb eject") :])
    assert console(*typed[1:], "--yes").exit_code == 0
    assert ours(pg) == []
    assert exported(console)


def test_another_roles_view(console: Console, pg: Toy, roles: tuple[str, str]) -> None:
    """It is named with its owner; a view in a schema of strange names too."""
    owner, app = roles
    assert console("run", "--database-url", as_role(pg.url, owner)).exit_code == 0
    pg.sql(
        f'CREATE SCHEMA "Op:s" AUTHORIZATION {app}',
        f"GRANT SELECT ON init_journal TO {app}",
        f"SET ROLE {app}",
        'CREATE VIEW "Op:s"."a ""b""" AS SELECT * FROM public.init_journal',
    )
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert done.exit_code == 1
    assert f'The view "Op:s"."a ""b""", which belongs to {app}.' in done.stderr
    fix = done.stderr.partition("fix: ")[2].partition(";")[0]
    pg.sql(fix)
    assert console("eject", "--to", "kept.jsonl", "--yes").exit_code == 0
    assert ours(pg) == []


@pytest.mark.parametrize(("before", "after"), [(False, []), (True, [("ops",)])])
def test_a_schema_of_its_own(console: Console, pg: Toy, before: bool, after: list[Any]) -> None:
    """Goes if initdb made it; one that was there stays, and is named."""
    if before:
        pg.sql("CREATE SCHEMA ops")
    with (console.folder / "initdb.toml").open("a") as file:
        file.write('journal_schema = "ops"\n')
    assert console("run").exit_code == 0
    found = console.object("eject", "--to", "kept.jsonl", "--yes")
    assert found["journal_schema"] == "ops"
    assert pg.sql("SELECT nspname FROM pg_namespace WHERE nspname = 'ops'") == after
    assert any("schema ops" in line for line in found["left"]) is before
    assert ours(pg) == []
    assert console("run").exit_code == 0


def test_a_schema_with_something_else_in_it_stays(console: Console, pg: Toy) -> None:
    """And is named."""
    with (console.folder / "initdb.toml").open("a") as file:
        file.write('journal_schema = "ops"\n')
    assert console("run").exit_code == 0
    pg.sql("CREATE TABLE ops.theirs (a integer)")
    found = console.object("eject", "--to", "kept.jsonl", "--yes")
    assert 'schema "ops": it has other objects in it, or belongs to another role' in found["left"]
    assert pg.sql("SELECT * FROM ops.theirs") == []
    assert ours(pg) == []


def test_functions_that_were_left_alone(console: Console, pg: Toy) -> None:
    """Somebody dropped the tables by hand: the rest goes, and no file is written."""
    assert console("run").exit_code == 0
    pg.sql("DROP TABLE init_journal, init_journal_head, init_journal_version CASCADE")
    found = console.object("eject", "--to", "kept.jsonl", "--yes")
    assert len(found["removed"]) == 4
    assert not (console.folder / "kept.jsonl").exists()
    assert ours(pg) == []


def test_a_transaction_that_reads_the_journal(console: Console, toy: Toy) -> None:
    """It is waited for as long as lock_timeout says, then named; all is as it was."""
    assert console("run").exit_code == 0
    engine = toy.engine()
    with engine.connect() as connection:
        if toy.url.startswith("sqlite"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("SELECT * FROM init_journal").all()
        done = console("eject", "--to", "kept.jsonl", "--yes", "--lock-timeout", "300ms")
    engine.dispose()
    assert done.exit_code == 1
    assert "lock-timeout" in done.stderr
    assert "locked by process" in done.stderr
    assert toy.types()
    assert console("eject", "--to", "kept.jsonl", "--yes").exit_code == 0
    assert ours(toy) == []


def test_with_flask(tmp_path: Path, database_url: str) -> None:
    """`flask initdb eject`; then a boot adopts, and the seed function does not run a second time."""
    site = FlaskSite(tmp_path, database_url)
    flask = ("flask", "--app", "site_app:create_app", "initdb")
    assert site.run(*flask, "run").returncode == 0
    done = site.run(*flask, "eject", "--to", "kept.jsonl", "--yes")
    assert done.returncode == 0, done.stderr
    assert "init_app" in done.stdout
    assert [name for name in site.tables() if name.startswith("init")] == []
    assert site.run(*flask, "run").returncode == 0
    assert site.names() == ["tea"]


CHANGES = re.compile(r"BEGIN|DROP|SAVEPOINT|RELEASE|COMMIT")
CHANGING_CALLS = frozenset({"commit", "close", "write", "fsync", "unlink"})


def killed_at(number: int, console: Console, words: tuple[str, ...]) -> bool:
    """Call the command in a child that is killed before the `number`th call that may change anything.

    Gives whether it came so far. What is read between two of these calls changes nothing.
    """
    child = os.fork()
    if not child:
        try:
            seen = 0

            def act(moment: taps.Moment) -> None:
                nonlocal seen
                changing = moment.call in CHANGING_CALLS or CHANGES.match(moment.statement)
                seen += bool(changing and moment.when == "before")
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

            _tap_files(taps.install(act))
            os._exit(console(*words).exit_code)
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        assert os.WEXITSTATUS(status) == 0
        return False
    assert os.WTERMSIG(status) == signal.SIGKILL
    return True


def _tap_files(tap: taps.Tap) -> None:
    """A point before each call that changes a file."""

    def tapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            tap.point("before", name, (), None)
            return real(*args, **kwargs)

        return called

    for name in ("write", "fsync", "unlink"):
        setattr(os, name, tapped(name, getattr(os, name)))
    Path.unlink = tapped("unlink", Path.unlink)  # type: ignore[method-assign]


def test_killed_anywhere_it_can_be_called_again(console: Console, toy: Toy) -> None:
    """Before each change of the database or of a file. Nothing goes before all of it is in the export."""
    assert console("run").exit_code == 0
    rows = toy.sql("SELECT id, name FROM t1 ORDER BY id")
    query = "SELECT seq, run, at, type, source, dest, event, prev_hash, hash FROM init_journal ORDER BY seq"
    journal, point, gone, name = toy.sql(query), 1, 0, "0.jsonl"
    while killed_at(point, console, ("eject", "--to", name, "--yes")):
        if ours(toy):
            assert toy.sql(query) == journal, point
        else:
            gone += 1
            assert [tuple(line.values()) for line in exported(console, name)] == journal, point
            assert console("eject", "--to", name, "--yes").exit_code == 0
            assert not list(console.folder.parent.glob("test.db-initdb"))
            assert console("run").exit_code == 0
            journal, name = toy.sql(query), f"{gone}.jsonl"
        point += 1
    assert ours(toy) == []
    assert [tuple(line.values()) for line in exported(console, name)] == journal
    assert toy.sql("SELECT id, name FROM t1 ORDER BY id") == rows
    assert point > 15
    assert gone


def test_a_run_that_begins_meanwhile_waits(console: Console, toy: Toy) -> None:
    """A boot at the same moment ends ready, with a journal that is intact, whoever came first."""
    assert console("run").exit_code == 0
    boots = [console.start("run") for _ in range(2)]
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert [boot.wait(60) for boot in boots] == [0, 0]
    assert done.exit_code in (0, 4), done.output
    assert console("run").exit_code == 0
    assert console("journal", "verify").exit_code == 0


@pytest.mark.parametrize("first", ["init_journal_head", "init_journal"])
def test_a_reader_in_the_middle(console: Console, pg: Toy, first: str) -> None:
    """It has read one table and wants the other: neither order makes eject or the reader fail."""
    assert console("run").exit_code == 0
    second = {"init_journal_head": "init_journal", "init_journal": "init_journal_head"}[first]
    engine = pg.engine()
    with engine.connect() as reader:
        reader.exec_driver_sql("SET deadlock_timeout = '20s'")
        reader.exec_driver_sql(f"SELECT * FROM {first}").all()
        leaving = console.start("eject", "--to", "kept.jsonl", "--yes")
        waits = f"SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '{first}'::regclass"
        assert wait_until(lambda: bool(pg.sql(waits)))
        assert reader.exec_driver_sql(f"SELECT * FROM {second}").all()
        reader.rollback()
        out, err = leaving.communicate(timeout=60)
    engine.dispose()
    assert leaving.returncode == 0, out + err
    assert ours(pg) == []
