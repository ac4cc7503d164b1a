"""What an application's files, its driver and its journal have that a run would stumble over."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from initdb.doctor.parts import gather_spool, judge_spool
from initdb.events.spool import Note
from tests.cli.console import Console
from tests.doctor.examined import examine
from tests.errors.plain_user import as_plain_user
from tests.support.guards import without_guards
from tests.support.toy import Toy


def test_what_was_read(console: Console, sqlite_toy: Toy) -> None:
    """Revisions and seeds."""
    found = examine(console)
    assert found.says("ok", f"Revisions in {sqlite_toy.migrations}: 3, head r3.")
    assert found.says("ok", "Seeds: 10_t1.csv.")


def test_a_folder_that_is_not_there(console: Console, sqlite_toy: Toy) -> None:
    """The database is examined all the same."""
    sqlite_toy.migrations.rename(console.folder / "moved")
    found = examine(console)
    assert any("migrations" in text or "there is no such folder" in text for text in found.problems)
    assert len(found.problems) == 1
    assert found.says("warning", "does not exist yet: the next run creates it")
    (console.folder / "moved").rename(sqlite_toy.migrations)
    assert examine(console).problems == []


def test_revisions_that_cannot_be_read(console: Console, sqlite_toy: Toy) -> None:
    """Two heads, as after a merge of branches."""
    file = sqlite_toy.revision(4, "    pass")
    file.write_text(file.read_text().replace("'r3'", "'r2'"))
    found = examine(console)
    assert len(found.problems) == 1
    assert "heads" in found.problems[0]
    file.unlink()
    assert examine(console).problems == []


def test_a_file_that_is_no_seed(console: Console, sqlite_toy: Toy) -> None:
    """With the reason; moved away, it is gone."""
    file = sqlite_toy.seeds / "notes.docx"
    file.write_text("")
    found = examine(console)
    assert found.says("warning", "notes.docx is no seed")
    file.unlink()
    assert not examine(console).says("warning", "notes.docx")


def test_plugins_of_its_own(console: Console, sqlite_toy: Toy) -> None:
    """env.py names those of autogenerate: the one that hides the journal has to be among them."""
    env = sqlite_toy.migrations / "env.py"
    before = env.read_text()
    own = '["alembic.autogenerate.tables"]'
    env.write_text(
        before.replace("connection=connection", f"connection=connection, autogenerate_plugins={own}")
    )
    found = examine(console)
    assert found.says("warning", "env.py names autogenerate_plugins, without the one that hides the journal")
    name = found.fix("autogenerate_plugins").partition("Add ")[2].partition(" to")[0]
    env.write_text(env.read_text().replace(own, own.replace("]", f", {name}]")))
    assert not examine(console).says("warning", "autogenerate_plugins")


def test_a_driver_that_is_not_installed(console: Console, pg: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways out are named; the URL of a driver that is there is the shorter one."""
    url = pg.url.replace("psycopg2", "pg8000")
    found = examine(console, "--database-url", url)
    (problem,) = found.problems
    assert "driver" in problem
    assert "pip install" in found.fix("driver that the URL names")
    assert examine(console, "--database-url", pg.url).problems == []


def test_a_driver_that_is_awaited(console: Console, pg: Toy) -> None:
    """It is replaced, and that is said."""
    url = pg.url.replace("psycopg2", "asyncpg")
    found = examine(console, "--database-url", url)
    assert found.problems == []
    assert found.says("ok", "in place of postgresql+asyncpg, which is awaited")


def test_the_spool_of_somebody_else(tmp_path: Path) -> None:
    """Its folder cannot be made; the fix names another one, by a variable."""
    folder = Path("/tmp") / f"doctor-spool-{os.getpid()}"
    folder.mkdir(mode=0o555)
    try:
        file = folder / "initdb" / "x.jsonl"
        (found,) = as_plain_user(lambda: tuple(judge_spool(gather_spool(file, 0))))
        assert found.level == "warning"
        assert f"may not write to {folder}" in found.text
        variable, value = found.fix.rpartition("export ")[2].split("=")
        assert variable == "XDG_STATE_HOME"
        (mended,) = as_plain_user(lambda: tuple(judge_spool(gather_spool(Path(value, "initdb", "x"), 0))))
        assert mended.level == "ok"
    finally:
        folder.rmdir()


def test_notes_that_wait(console: Console, sqlite_toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many; a run takes them."""
    assert console("run").exit_code == 0
    monkeypatch.setenv("XDG_STATE_HOME", console.environ["XDG_STATE_HOME"])
    spool = sqlite_toy.initializer(application="toy").site.spool
    spool.put(Note("1", "outage", "2026-11-23T08:06:41Z", {"count": 2}))
    assert examine(console).says("ok", "1 notes wait there for the next run")


def test_triggers_that_are_gone(console: Console, toy: Toy) -> None:
    """The journal is not guarded; the fix is that of a run's error."""
    assert console("run").exit_code == 0
    on = " ON init_journal" if toy.url.startswith("postgresql") else ""
    toy.sql(f"DROP TRIGGER init_journal_append{on}")
    found = examine(console)
    assert any("init_journal_append" in text for text in found.problems)


def test_a_journal_of_a_newer_initdb(console: Console, toy: Toy) -> None:
    """Only that may write it."""
    assert console("run").exit_code == 0
    engine = toy.engine()
    with engine.begin() as connection:
        without_guards(connection, "UPDATE init_journal_head SET schema_version = 9, min_writer = 9")
    engine.dispose()
    found = examine(console)
    assert found.says("problem", "The journal is of a newer initdb, with version 9 of its tables")
    assert found.fix("newer initdb").startswith("pip install 'initdb-journal>=")


def test_an_entry_of_a_newer_initdb(
    console: Console, sqlite_toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning: during a deployment that is so for a while."""
    assert console("run").exit_code == 0
    monkeypatch.setattr("initdb.__version__", "0.1.0")
    found = examine(console)
    assert found.says("warning", "The last entry was written by initdb 0.2.0.dev0; this one is 0.1.0.")


def test_the_journal_of_another_application(console: Console, sqlite_toy: Toy) -> None:
    """The fix names it as a setting."""
    assert console("run").exit_code == 0
    found = examine(console, "--application", "bank")
    assert found.problems == ["The journal belongs to toy; this application is bank."]
    words = found.fix("belongs to toy").partition("--application ")[2].split()
    assert words[0] == "toy"
    assert examine(console, "--application", words[0]).problems == []


def test_the_program_is_called_as_it_is_printed(console: Console, sqlite_toy: Toy) -> None:
    """In a process of its own."""
    done = console.process("doctor")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "no problems, " in done.stdout
    assert isinstance(done, subprocess.CompletedProcess)
