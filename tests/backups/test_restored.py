"""A SQLite database that is put back from a backup: what is kept, what goes on, what is refused."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.events.sessions import session
from initdb.statemachine import restoring
from initdb.statemachine.decide.audit import audit, journal_to_audit
from initdb.statemachine.restoring import Restoring
from tests.backups.kept import Kept, names_in
from tests.support.toy import Toy


def restoring_of(toy: Toy) -> Restoring:
    """As the command makes it."""
    initializer = toy.initializer()
    return Restoring(initializer.engine, initializer.settings)


def restore(toy: Toy, name: str | None = None) -> Path:
    """Restore it, and give the file that keeps what was there."""
    one = restoring_of(toy)
    return Path(one.restore(one.compare(name)).replaced or "")


def is_intact(toy: Toy) -> bool:
    """As `initdb journal verify` finds."""
    initializer = toy.initializer()
    with session(initializer.engine) as connection:
        return not audit(connection, journal_to_audit(connection, initializer.site.owner, None)).findings


def file_of(kept: Kept) -> Path:
    """The file of the database."""
    return Path(kept.toy.url.removeprefix("sqlite:///"))


def refusal(kept: Kept, name: str | None = None) -> InitError:
    """Why it is not restored. The file is as it was."""
    before = file_of(kept).read_bytes()
    with pytest.raises(InitError) as caught:
        restore(kept.toy, name)
    assert file_of(kept).read_bytes() == before
    return caught.value


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_it_is_as_before_the_change_and_goes_on(kept_file: Kept, mode: str) -> None:
    """The journal says so; what it does not have any more is in the file that was replaced."""
    before = kept_file.names()
    with closing(sqlite3.connect(file_of(kept_file))) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    kept_file.run()
    after, entries = kept_file.names(), list(kept_file.toy.initializer().entries())
    ((last, digest),) = kept_file.toy.sql("SELECT seq, hash FROM init_journal ORDER BY seq DESC LIMIT 1")
    aside = restore(kept_file.toy)
    assert kept_file.names() == before and names_in(aside) == after
    assert list(Toy(aside.parent, f"sqlite:///{aside}").initializer().entries()) == entries
    (event,) = kept_file.events("database_restored")
    assert (event.data["was"], event.data["was_hash"]) == (last, digest)
    assert event.data["is"] == event.seq - 1 and event.data["replaced"] == str(aside)
    with closing(sqlite3.connect(file_of(kept_file))) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
    assert is_intact(kept_file.toy)
    kept_file.run()
    assert kept_file.names() == after
    assert len(kept_file.events()) == 1 and len(list(kept_file.folder.glob("*.backup"))) == 2


def test_why_it_was_restored(kept_file: Kept) -> None:
    """The person's words are in the event."""
    kept_file.run()
    toy = kept_file.toy
    restoring = Restoring(toy.engine(), toy.initializer().settings, reason="the shop shows no prices")
    restoring.restore(restoring.compare())
    (event,) = kept_file.events("database_restored")
    assert event.data["reason"] == "the shop shows no prices"


def test_by_default_it_is_the_one_from_before_all_changes(kept_file: Kept) -> None:
    """Not one that a second try has made half-way."""
    before = kept_file.names()
    kept_file.toy.revision(5, "    raise ValueError(1)")
    assert not kept_file.toy.initializer().initialize().success
    kept_file.toy.revision(5, "    raise ValueError(2)")
    assert not kept_file.toy.initializer().initialize().success
    assert len(kept_file.files()) == 2 and kept_file.names() != before
    restore(kept_file.toy)
    assert kept_file.names() == before


@pytest.mark.parametrize("content", [None, b"", b"this is no database, " * 99])
def test_a_file_that_is_gone_or_is_none(kept_file: Kept, content: bytes | None) -> None:
    """What is there is kept, an old write-ahead log is not played into the backup."""
    before, file = kept_file.names(), file_of(kept_file)
    kept_file.run()
    file.unlink()
    if content is not None:
        file.write_bytes(content)
        file.with_name(f"{file.name}-wal").write_bytes(b"old")
    aside = restore(kept_file.toy)
    assert kept_file.names() == before
    assert content is None or (aside.read_bytes() == content) or not content
    kept_file.run()


def test_what_it_replaced_can_be_restored_too(kept_file: Kept) -> None:
    """A restore is taken back by another one."""
    kept_file.run()
    after = kept_file.names()
    aside = restore(kept_file.toy)
    assert restoring_of(kept_file.toy).saved()[0].path == aside
    restore(kept_file.toy, aside.name)
    assert kept_file.names() == after
    kept_file.run()


@pytest.mark.parametrize("statement", ["SELECT 1", "BEGIN IMMEDIATE"])
def test_not_while_another_process_has_it_open(kept_file: Kept, statement: str) -> None:
    """It is named. An idle connection counts too: what it writes later would be lost."""
    kept_file.run()
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        connection = sqlite3.connect(file_of(kept_file), isolation_level=None)
        connection.execute("SELECT count(*) FROM t1").fetchone()
        connection.execute(statement)
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(0)
    try:
        os.read(ready[0], 1)
        error = refusal(kept_file)
        assert error.reference == "restore-refused" and f"(process {child})" in error.context[0]
    finally:
        os.write(done[1], b"x")
        os.waitpid(child, 0)
    restore(kept_file.toy)


def test_not_from_what_is_no_whole_backup_of_it(kept_file: Kept) -> None:
    """Each is named, and nothing is changed."""
    kept_file.run()
    (backup,) = kept_file.files()
    cut, other, bare, live = (kept_file.folder / name for name in ("cut", "other", "bare", "live"))
    cut.write_bytes(backup.read_bytes()[:-8192])
    with closing(sqlite3.connect(bare)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER)")
    assert Toy(kept_file.toy.folder, f"sqlite:///{other}").initializer().initialize().success
    shutil.copy(backup, live)
    live.with_name("live-wal").write_bytes(b"more")
    said = {
        "nowhere": ("backup-not-found", "nowhere"),
        "cut": ("backup-unusable", ""),
        "bare": ("backup-unusable", "has no journal"),
        "other": ("backup-unusable", "of another database"),
        "live": ("backup-unusable", "is not whole"),
        str(file_of(kept_file)): ("backup-unusable", "is the database itself"),
    }
    for name, (reference, words) in said.items():
        error = refusal(kept_file, name)
        assert error.reference == reference and words in " ".join(error.context), name


def test_not_from_that_of_another_application(kept_file: Kept) -> None:
    """Its journal says whose it is."""
    kept_file.run()
    (backup,) = kept_file.files()
    kept_file.toy.options["application"] = "another"
    error = refusal(kept_file, backup.name)
    assert error.reference == "backup-unusable" and "another" in " ".join(error.context)


@pytest.mark.parametrize("point", ["keep_aside", "_staged", "overwrite", "in the transaction", "after"])
def test_killed_and_typed_again(kept_file: Kept, point: str) -> None:
    """It is as it was, or restored. The same command then works, and leaves nothing half."""
    before = kept_file.names()
    kept_file.run()
    after = kept_file.names()
    child = os.fork()
    if not child:
        try:
            _kill_at(point)
            restore(kept_file.toy)
        finally:
            os._exit(99)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert kept_file.names() == (before if point == "after" else after)
    (first, *_) = sorted(kept_file.folder.glob("*.backup"))
    restore(kept_file.toy, first.name)
    assert kept_file.names() == before and is_intact(kept_file.toy)
    assert not list(kept_file.toy.folder.rglob("*.part*"))
    kept_file.run()
    assert kept_file.names() == after


def _kill_at(point: str) -> None:
    def kill(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    overwrite = restoring.overwrite
    if point == "keep_aside":
        restoring.keep_aside = kill  # type: ignore[assignment]
    elif point == "_staged":
        Restoring._staged = kill  # type: ignore[assignment, method-assign]
    elif point == "overwrite":
        restoring.overwrite = kill  # type: ignore[assignment]
    elif point == "in the transaction":

        def half(live: sqlite3.Connection, source: Path) -> None:
            live.execute("BEGIN")
            live.execute("DELETE FROM t1")
            live.execute("PRAGMA cache_spill = ON")
            kill()

        restoring.overwrite = half
    else:

        def whole(live: sqlite3.Connection, source: Path) -> None:
            overwrite(live, source)
            kill()

        restoring.overwrite = whole


def test_a_postgresql_database_is_restored_by_its_own_programs(kept_server: Kept) -> None:
    """One error says which, with the newest backup and the names filled in."""
    kept_server.run()
    with pytest.raises(InitError) as caught:
        restoring_of(kept_server.toy)
    error = caught.value.rendered()
    assert error.reference == "restore-elsewhere" and "pg_restore -h " in error.fix
    assert str(kept_server.files()[-1]) in error.fix and "BACKUP" not in error.fix


def test_a_database_in_memory_has_no_backup(tmp_path: Path) -> None:
    """It says so."""
    with pytest.raises(InitError) as caught:
        restoring_of(Toy(tmp_path, "sqlite://"))
    assert caught.value.reference == "backup-not-found" and "in memory" in caught.value.context[0]
