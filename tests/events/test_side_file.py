"""The side file of a SQLite database: whose it may be, what is refused, and who excludes whom."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.errors import InitError
from initdb.events import side_file
from initdb.events.side_file import SIDE_SUFFIX, is_locked, lock_beside, why_refused
from initdb.whose import Seen
from tests.support.users import as_user, enterable

STRANGER, OWNER, GROUP = 4711, 4712, 4713

OLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    held.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    sys.stdin.read()
except sqlite3.OperationalError as error:
    print(error, flush=True)
"""
"""What 0.1.0 does with the side file."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The file of a database, for this user alone."""
    file = tmp_path / "app.db"
    file.touch(0o600)
    return file


@pytest.fixture
def beside(database: Path) -> Path:
    """Its side file, which is not there yet."""
    return database.with_name(database.name + SIDE_SUFFIX)


def _link(beside: Path) -> None:
    beside.symlink_to(beside.with_name("precious"))


def _hard_link(beside: Path) -> None:
    (beside.with_name("other")).write_text("kept")
    beside.hardlink_to(beside.with_name("other"))


def _of_stranger(beside: Path) -> None:
    beside.touch()
    os.chown(beside, STRANGER, STRANGER)


PLANTED: dict[str, Callable[[Path], None]] = {
    "a symbolic link": _link,
    "2 names": _hard_link,
    "a named pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a device": lambda beside: os.mknod(beside, stat.S_IFCHR | 0o666, os.makedev(1, 3)),
    f"user {STRANGER}": _of_stranger,
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_was_planted_is_refused(database: Path, beside: Path, what: str) -> None:
    """It is left as it is, nothing is made through it, and the error says what it is."""
    PLANTED[what](beside)
    before = os.lstat(beside)
    with pytest.raises(InitError) as error:
        lock_beside(database)
    assert error.value.reference == "side-file-refused"
    assert what in error.value.context[0] and str(beside) in error.value.context[0]
    after = os.lstat(beside)
    assert (before.st_mode, before.st_uid, before.st_ino) == (after.st_mode, after.st_uid, after.st_ino)
    assert not beside.with_name("precious").exists()
    assert not is_locked(beside)


def test_a_link_that_comes_after_the_look_is_not_followed(
    database: Path, beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that is opened is the one that is judged."""
    beside.with_name("precious").touch()
    beside.symlink_to(beside.with_name("precious"))
    monkeypatch.setattr(side_file, "_refuse_kind", lambda *_: None)
    with pytest.raises(InitError) as error:
        lock_beside(database)
    assert error.value.reference == "side-file-refused"


def test_a_new_one_is_like_the_database(database: Path, beside: Path) -> None:
    """It has its owner, its group and its mode, without the right to execute it."""
    database.chmod(0o770)
    os.chown(database, OWNER, GROUP)
    held = lock_beside(database)
    assert held is not None
    found = beside.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (OWNER, GROUP, 0o660)
    held.release()


def test_one_of_the_databases_owner_or_of_root_is_taken(database: Path, beside: Path) -> None:
    """Its mode and its owner stay."""
    os.chown(database, OWNER, OWNER)
    for owner in (OWNER, 0):
        beside.touch()
        os.chown(beside, owner, GROUP)
        held = lock_beside(database)
        assert held is not None
        held.release()
        assert (beside.stat().st_uid, beside.stat().st_gid) == (owner, GROUP)
        beside.unlink()


@pytest.mark.parametrize("group", [0, GROUP], ids=["OpenShift", "fsGroup"])
def test_users_of_one_group_share_it(tmp_path: Path, group: int) -> None:
    """A container gets another user at each start. Its folder and its files are its group's."""
    folder = tmp_path / "volume"
    folder.mkdir()
    os.chown(folder, 0, group)
    folder.chmod(0o2775)
    enterable(folder)
    database = folder / "app.db"
    database.touch()
    os.chown(database, OWNER, group)
    database.chmod(0o664)

    def locked() -> object:
        held = lock_beside(database)
        return held is not None and held.alive()

    for user in (1000650000, 1000660000):
        assert as_user(user, locked, gid=0 if group == 0 else user, groups=(group,)) is True
    assert (database.parent / f"app.db{SIDE_SUFFIX}").stat().st_uid == 1000650000


def test_a_process_that_did_not_make_the_folder_is_told_whose_it_is(database: Path, beside: Path) -> None:
    """A file that this user may not write cannot be locked."""
    enterable(database.parent)
    database.parent.chmod(0o777)
    beside.touch(0o600)

    def error() -> object:
        try:
            return lock_beside(database)
        except InitError as error:
            return error.reference

    assert as_user(STRANGER, error) == "baton-unwritable"


@given(
    st.sampled_from([0, OWNER, STRANGER]),
    st.sampled_from([GROUP, STRANGER]),
    st.sampled_from([0o600, 0o660, 0o666]),
    st.sampled_from([0o755, 0o775, 0o777, 0o1777]),
    st.booleans(),
)
def test_whose_file_is_taken(owner: int, group: int, mode: int, folder: int, exists: bool) -> None:
    """Ours, root's, the owner's of the database; and that of a member of the group that shares it."""
    like = Seen(stat.S_IFREG | mode, OWNER, GROUP)
    around = Seen(stat.S_IFDIR | folder, OWNER, GROUP)
    side = Seen(stat.S_IFREG | 0o660, owner, group)
    said = why_refused(side, like if exists else around, around, 99)
    # Who may make a file with that group: its members, and in a setgid folder whoever may write there.
    shared = bool((mode if exists else folder) & 0o020) and not folder & 0o002 and group == GROUP
    assert (said is None) == (owner in {0, OWNER} or shared)
    assert why_refused(Seen(side.mode, 99, STRANGER), like, around, 99) is None


def test_threads_of_one_process_exclude_each_other(database: Path, beside: Path) -> None:
    """The system's lock is one of processes: the second thread would get it, and drop it when it closes."""
    held = lock_beside(database)
    assert held is not None
    found: list[object] = []

    def ask() -> None:
        found.extend([lock_beside(database), is_locked(beside)])

    for _ in range(3):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert found == [None, True] * 3
    assert _asked_by_another(beside) == "database is locked"
    held.release()
    assert not is_locked(beside) and _asked_by_another(beside) == "held"


def _asked_by_another(beside: Path) -> str:
    with subprocess.Popen(
        [sys.executable, "-c", OLD, str(beside)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as old:
        said, _ = old.communicate()
    return said.strip()


def test_it_excludes_a_transaction_of_sqlite(database: Path, beside: Path) -> None:
    """0.1.0 begins one on the same file."""
    beside.touch()
    with subprocess.Popen(
        [sys.executable, "-c", OLD, str(beside)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as old:
        assert old.stdout is not None and old.stdout.readline() == "held\n"
        assert lock_beside(database) is None and is_locked(beside)
        old.communicate()
    held = lock_beside(database)
    assert held is not None and _asked_by_another(beside) == "database is locked"
    held.release()


def test_a_child_neither_has_it_nor_drops_it(database: Path, beside: Path) -> None:
    """It was forked while this process holds it. After the release the child may have it."""
    held = lock_beside(database)
    assert held is not None
    (descriptor,), asking, answering = held.descriptors, os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        said = [_is_open(descriptor), held.alive(), lock_beside(database) is not None, is_locked(beside)]
        os.write(answering[1], bytes(said))
        os.read(asking[0], 1)
        mine = lock_beside(database)
        held.release()
        os.write(answering[1], bytes([mine is not None and mine.alive()]))
        os._exit(0)
    try:
        assert os.read(answering[0], 4) == bytes([False, False, False, True])
        assert held.alive() and _asked_by_another(beside) == "database is locked"
        held.release()
        os.write(asking[1], b"x")
        assert os.read(answering[0], 1) == b"\1"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_it_is_not_alive_once_another_has_it(database: Path, beside: Path) -> None:
    """Other code of this process opened the file and closed it, which drops the lock."""
    held = lock_beside(database)
    assert held is not None
    beside.read_bytes()
    assert held.alive(), "nobody has taken it meanwhile, so it is taken again"
    beside.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", OLD, str(beside)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as old:
        assert old.stdout is not None and old.stdout.readline() == "held\n"
        assert not held.alive()
        old.communicate()
    held.release()


def test_a_file_that_is_removed_meanwhile_is_no_lock(
    database: Path, beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`initdb eject` removes it while it holds it: the next file is another one."""
    real, opened = fcntl.lockf, list[int]()

    def lockf(descriptor: int, *how: int) -> None:
        opened.append(os.fstat(descriptor).st_ino)
        if len(opened) == 1:
            beside.rename(beside.with_name("gone"))
            beside.touch()
        real(descriptor, *how)

    monkeypatch.setattr(fcntl, "lockf", lockf)
    held = lock_beside(database)
    assert held is not None and opened[-1] == beside.stat().st_ino != opened[0]
    held.release()


def test_what_it_is_called_at_first_is_not_asked_twice(
    database: Path, beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that moves each time is given up."""
    real = fcntl.lockf

    def lockf(descriptor: int, *how: int) -> None:
        beside.unlink()
        real(descriptor, *how)

    monkeypatch.setattr(fcntl, "lockf", lockf)
    with pytest.raises(InitError) as error:
        lock_beside(database)
    assert error.value.reference == "baton-unwritable" and "removed" in error.value.context[0]


def test_a_name_that_becomes_that_of_a_file_of_ours(
    database: Path, beside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that this process has locked under another name is not closed, which would drop its lock."""
    held = lock_beside(database)
    assert held is not None
    other, real = tmp_path / "other.db", os.open
    side = tmp_path / f"other.db{SIDE_SUFFIX}"

    def open_(path: Path, *how: int) -> int:
        if beside.exists():
            beside.rename(side)
        return real(path, *how)

    monkeypatch.setattr(os, "open", open_)
    assert lock_beside(other) is None
    monkeypatch.undo()
    assert _asked_by_another(side) == "database is locked"
    held.release()
    assert _asked_by_another(side) == "held"


def test_asking_again_opens_nothing(database: Path, beside: Path) -> None:
    """A thread that waits for another one asks for minutes."""
    held = lock_beside(database)
    assert held is not None
    for _ in range(3):
        assert lock_beside(database) is None and is_locked(beside)
    assert len(held.descriptors) == 1
    held.release()


def test_its_content_does_not_matter(database: Path, beside: Path) -> None:
    """It is only locked, never read or written."""
    beside.write_text("no database")
    held = lock_beside(database)
    assert held is not None and beside.read_text() == "no database"
    held.release()


def test_sqlite_need_not_be_able_to_open_it(database: Path, beside: Path) -> None:
    """It has no schema, no journal, and stays empty."""
    held = lock_beside(database)
    assert held is not None
    assert sorted(path.name for path in database.parent.iterdir()) == [database.name, beside.name]
    assert beside.stat().st_size == 0
    held.release()
    with closing(sqlite3.connect(beside)) as old:
        assert old.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_the_folder_is_full(database: Path, beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has no room for one more file."""

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(InitError) as error:
        lock_beside(database)
    assert error.value.reference == "disk-full" and str(beside) in error.value.context[0]


def test_where_no_process_tells_of_it(tmp_path: Path) -> None:
    """There is no file, or its folder cannot be entered."""
    assert not is_locked(tmp_path / "none")
    enterable(tmp_path)
    (tmp_path / "closed").mkdir(0o700)
    (tmp_path / "closed" / "app.db-initdb").touch()
    assert as_user(STRANGER, lambda: is_locked(tmp_path / "closed" / "app.db-initdb")) is False
    shutil.rmtree(tmp_path / "closed")
