"""What a SQLite file and its folder have that a run would stumble over; each fix is typed in a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from initdb.doctor import file as file_module
from initdb.doctor.file import gather_file, judge_file
from initdb.doctor.finding import Finding
from tests.cli.console import Console
from tests.doctor.examined import examine
from tests.errors.plain_user import NOBODY, as_plain_user
from tests.support.toy import Toy


def path_of(toy: Toy) -> Path:
    """The database's file."""
    return Path(toy.url.removeprefix("sqlite:///"))


def shell(command: str) -> None:
    """Type it as root or as the tester, and see it succeed."""
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)


def as_it_is(path: Path) -> tuple[Finding, ...]:
    """What is found by a user without root's rights."""
    return as_plain_user(lambda: tuple(judge_file(gather_file(path))))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the plain user, which it can reach."""
    folder = Path(tempfile.mkdtemp(prefix="doctor-", dir="/tmp"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def test_it_is_not_there_yet(console: Console, sqlite_toy: Toy) -> None:
    """It is not created; a run does that."""
    found = examine(console)
    assert found.problems == []
    assert found.says("warning", f"The file {path_of(sqlite_toy)} does not exist yet")
    assert found.fix("does not exist yet").endswith("initdb run")
    assert not path_of(sqlite_toy).exists()
    assert console("run").exit_code == 0
    ready = examine(console)
    assert not ready.says("warning", "does not exist")
    assert ready.says("ok", "can be read and written")


def test_nothing_is_changed(console: Console, sqlite_toy: Toy) -> None:
    """Not a byte, and no file more: not even those that SQLite makes beside a database in WAL mode."""
    assert console("run").exit_code == 0
    place = path_of(sqlite_toy).parent

    def all_of() -> dict[str, tuple[bytes, int]]:
        files = (one for one in place.rglob("*") if one.is_file())
        return {str(one): (one.read_bytes(), one.stat().st_mtime_ns) for one in files}

    before = all_of()
    assert examine(console).problems == []
    assert all_of() == before


def test_the_folder_is_missing(console: Console, tmp_path: Path) -> None:
    """The fix makes it."""
    words = ("--database-url", f"sqlite:///{tmp_path}/data/app.db")
    found = examine(console, *words)
    assert found.says("problem", f"{tmp_path}/data does not exist")
    shell(found.fix("The folder of the database file")[len("Create the folder (") :].partition(")")[0])
    assert examine(console, *words).problems == []
    assert console("run", *words).exit_code == 0


@pytest.mark.parametrize(
    ("content", "reference"),
    [(b"no database " * 90, "The file is not a SQLite database"), (None, "is a folder")],
)
def test_it_is_something_else(
    console: Console, sqlite_toy: Toy, content: bytes | None, reference: str
) -> None:
    """Another file, or a folder; moved away, as the fix says, all is well."""
    path = path_of(sqlite_toy)
    path.mkdir() if content is None else path.write_bytes(content)
    assert examine(console).says("problem", reference)
    path.rename(path.with_name("away"))
    assert examine(console).problems == []


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_it_cannot_be_written(folder: Path, closed: str) -> None:
    """The file, or its folder, where SQLite's own journal is made."""
    path = folder / "app.db"
    path.touch()
    shutil.chown(path, NOBODY, NOBODY) if os.geteuid() == 0 else None
    assert not [one for one in as_it_is(path) if one.level == "problem"]
    (path if closed == "file" else folder).chmod(0o400 if closed == "file" else 0o500)
    (found,) = [one for one in as_it_is(path) if one.level == "problem"]
    assert "may not be written by user" in found.text
    shell(found.fix.partition("user: ")[2].partition(", then")[0])
    assert not [one for one in as_it_is(path) if one.level == "problem"]


def test_a_side_file_of_somebody_else(folder: Path) -> None:
    """As after root booted once: the fix gives it the owner and the mode of the database."""
    path, beside = folder / "app.db", folder / "app.db-initdb"
    path.touch(0o600)
    beside.touch(0o400)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    (found,) = [one for one in as_it_is(path) if one.level == "problem"]
    assert (
        found.text
        == f"This process may not write {beside}, which SQLite or initdb needs beside the database."
    )
    shell(found.fix)
    assert not [one for one in as_it_is(path) if one.level == "problem"]


def test_a_side_file_that_is_a_link(folder: Path) -> None:
    """No run would lock it. The fix moves it away, and not what it names."""
    path, beside = folder / "app.db", folder / "app.db-initdb"
    path.touch(0o600)
    (folder / "precious").touch()
    beside.symlink_to(folder / "precious")
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
        os.chown(folder / "precious", NOBODY, NOBODY)
    (found,) = [one for one in as_it_is(path) if one.level == "problem"]
    assert found.text == f"No run can lock {beside}: it is a symbolic link."
    shell(found.fix)
    assert not [one for one in as_it_is(path) if one.level == "problem"]
    assert (folder / "precious").exists()


def test_everybody_may_write(console: Console, sqlite_toy: Toy) -> None:
    """The file, and the folder, unless only owners may delete in it."""
    assert console("run").exit_code == 0
    path = path_of(sqlite_toy)
    folder = path.parent / "open"
    folder.mkdir()
    moved = path.rename(folder / "app.db")
    words = ("--database-url", f"sqlite:///{moved}")
    folder.chmod(0o777)
    moved.chmod(0o666)
    found = examine(console, *words)
    if os.geteuid() == 0:  # then it is not opened at all
        (said,) = found.problems
        assert f"Every user may write {folder}" in said
        words = (*words, "--allow-shared-folder", "true")
        found = examine(console, *words)
    for part in ("Every user may write /", "Every user may write to the folder"):
        assert found.says("warning", part)
        shell(found.fix(part))
    assert not examine(console, *words).says("warning", "Every user")
    folder.chmod(0o1777)
    assert not examine(console, *words).says("warning", "Every user")


def test_on_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As Linux lists its file systems."""
    monkeypatch.setattr(file_module, "file_system", lambda path: "nfs4")
    texts = [one.text for one in judge_file(gather_file(tmp_path / "app.db")) if one.level == "warning"]
    assert any("lies on a network file system (nfs4)" in text for text in texts)


def test_little_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Named before a run fails in the middle."""
    monkeypatch.setattr(file_module, "room", lambda path: 70_000)
    texts = [one.text for one in judge_file(gather_file(tmp_path / "app.db")) if one.level == "warning"]
    assert f"The disk of {tmp_path}/app.db has only 70,000 bytes left." in texts


def test_a_run_is_at_work(console: Console, sqlite_toy: Toy, held: Callable[[Toy], None]) -> None:
    """That is no problem."""
    assert console("run").exit_code == 0
    held(sqlite_toy)
    found = examine(console)
    assert found.problems == []
    assert found.says("ok", "A run is at work now")


@pytest.fixture
def held(request: pytest.FixtureRequest) -> Callable[[Toy], None]:
    """Takes the baton to the end of the test."""
    from initdb.events.baton import try_baton

    def hold(toy: Toy) -> None:
        initializer = toy.initializer(application="toy")
        baton = try_baton(initializer.engine, initializer.look().journal)
        assert baton is not None
        request.addfinalizer(baton.release)

    return hold


def test_a_write_ahead_log_that_was_left(console: Console, sqlite_toy: Toy) -> None:
    """Opened, it would be recovered, which changes files: that is left to the next run."""
    assert console("run").exit_code == 0
    path = path_of(sqlite_toy)
    wal = path.with_name(f"{path.name}-wal")
    wal.write_bytes(b"")
    assert examine(console).says("ok", "It was not read: the write-ahead log")
    assert not path.with_name(f"{path.name}-shm").exists()
    assert console("run").exit_code == 0
    assert examine(console).says("ok", "entries, the last at")
