"""Root and a SQLite database in a folder where other users can put files beside it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from initdb.errors import InitError
from initdb.settings import Settings
from initdb.steps.engines.shared_folder import folder_cautions, refuse_shared
from tests.cli.console import Console
from tests.support.toy import Toy
from tests.support.users import as_user

OWNER = 4711


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder below /tmp that root alone may write."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _refused(file: Path, **settings: bool) -> str | None:
    try:
        refuse_shared(create_engine(f"sqlite:///{file}"), Settings(**settings))  # type: ignore[arg-type]
    except InitError as error:
        assert error.reference == "shared-folder"
        sticky = file.resolve().parent.stat().st_mode & stat.S_ISVTX
        assert ("chmod o-w" in error.rendered().fix) is not bool(sticky), "/tmp must stay open"
        return error.context[0]
    return None


@pytest.mark.parametrize(("mode", "refused"), [(0o755, False), (0o775, False), (0o777, True), (0o1777, True)])
def test_a_folder_that_every_user_may_write(folder: Path, mode: int, refused: bool) -> None:
    """A sticky bit keeps nobody from making a file there. Only root has something to lose."""
    folder.chmod(mode)
    said = _refused(folder / "app.db")
    assert said == (f"Every user may write {folder}." if refused else None)
    assert _refused(folder / "app.db", allow_shared_folder=True) is None
    assert as_user(OWNER, lambda: _refused(folder / "app.db")) is None


def test_a_folder_above_that_can_be_replaced(folder: Path) -> None:
    """Of those above, a sticky one is safe: nobody can rename in it what is not his."""
    (folder / "a" / "b").mkdir(parents=True)
    assert _refused(folder / "a" / "b" / "app.db") is None
    folder.chmod(0o1777)
    assert _refused(folder / "a" / "b" / "app.db") is None
    folder.chmod(0o777)
    assert _refused(folder / "a" / "b" / "app.db") == f"Every user may write {folder}."


def test_a_link_is_followed_to_its_folder(folder: Path, tmp_path: Path) -> None:
    """The files that SQLite believes are beside the file itself."""
    (folder / "app.db").touch()
    folder.chmod(0o777)
    (tmp_path / "app.db").symlink_to(folder / "app.db")
    assert _refused(tmp_path / "app.db") == f"Every user may write {folder}."


def test_what_is_no_file_or_not_there() -> None:
    """A database in memory, PostgreSQL, and a folder that is missing, which is told elsewhere."""
    for url in ("sqlite://", "postgresql://app@db/shop"):
        refuse_shared(create_engine(url), Settings())
    assert _refused(Path("/no/such/folder/app.db")) is None


def test_a_folder_of_another_user_is_warned_of(folder: Path) -> None:
    """Its owner is one user, whom root may trust. So is a group that has members."""
    engine = create_engine(f"sqlite:///{folder / 'app.db'}")

    def said(**settings: bool) -> list[str]:
        return list(folder_cautions(engine, Settings(**settings)))  # type: ignore[arg-type]

    assert said() == []
    os.chown(folder, OWNER, OWNER)
    (found,) = said()
    assert f"user {OWNER} may write its folder" in found
    assert said(allow_shared_folder=True) == []
    assert as_user(OWNER, said) == []
    os.chown(folder, 0, 100)
    folder.chmod(0o2775)
    shared = said()
    os.chown(folder, 0, 0)
    assert said() == []
    assert len(shared) <= 1 and all("group" in one or "users" in one for one in shared)


def test_commands_do_not_open_it(console: Console, sqlite_toy: Toy) -> None:
    """Not even those that only read. It is warned of by the boot that worked, and not by the next."""
    assert console("run").exit_code == 0
    folder = sqlite_toy.folder / "open"
    folder.mkdir()
    Path(sqlite_toy.url.removeprefix("sqlite:///")).rename(folder / "app.db")
    given = ("--database-url", f"sqlite:///{folder / 'app.db'}")
    folder.chmod(0o777)
    for command in ("run", "status", "journal", "plan", "validate"):
        done = console(command, *given)
        assert "shared-folder" in done.stderr, command
        assert done.exit_code == 1
    assert console("status", *given, "--allow-shared-folder", "true").exit_code == 0
    folder.chmod(0o755)
    os.chown(folder, OWNER, OWNER)
    (folder / "app.db").unlink()
    first, second = console("run", *given), console("run", *given)
    assert "may write its folder" in first.stdout + first.stderr
    assert "may write its folder" not in second.stdout + second.stderr
