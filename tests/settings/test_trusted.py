"""Settings that another user can have put there are not read by a search: what they name is run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from initdb.errors import InitError
from initdb.settings import load_settings, trusted
from initdb.settings.trusted import why_untrusted
from initdb.whose import Seen
from tests.support.users import as_user, enterable

OWNER, STRANGER = 4711, 4712
NOBODY = 65534


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """These tests may run in a container; only those that say so act as in one."""
    monkeypatch.setattr(trusted, "IN_CONTAINER", (tmp_path / "no such mark",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with settings that would be noticed, and one below it."""
    found = tmp_path / "shop"
    (found / "deep").mkdir(parents=True)
    (found / "initdb.toml").write_text("attempts = 7\n")
    enterable(found)
    for place in (found, found / "deep", found / "initdb.toml"):
        place.chmod(0o755 if place.is_dir() else 0o644)
    return found


def give(uid: int, *paths: Path) -> None:
    """Give files to a user."""
    for path in paths:
        os.chown(path, uid, uid)


def loaded(folder: Path, **environ: str) -> Any:
    """What the settings say, or the reference and the reason why they are not read."""
    try:
        return load_settings(folder=folder, environ=environ).attempts
    except InitError as error:
        return [error.reference, *error.context]


def test_ours_and_roots_are_read(folder: Path) -> None:
    """Also by another user, as in an image that root has built."""
    assert loaded(folder) == 7
    assert as_user(OWNER, lambda: loaded(folder)) == 7
    give(OWNER, folder, folder / "initdb.toml")
    assert as_user(OWNER, lambda: loaded(folder / "deep")) == 7


@pytest.mark.parametrize("what", ["initdb.toml", "pyproject.toml", "folder", "parent"])
def test_those_of_another_user_are_refused(folder: Path, what: str) -> None:
    """The file, or the folder from which modules are imported; also where root is at work."""
    planted = folder / "initdb.toml"
    if what == "pyproject.toml":
        planted.unlink()
        planted = folder / "pyproject.toml"
        planted.write_text("[tool.initdb]\nattempts = 7\n")
    place = folder if what == "folder" else planted
    give(STRANGER, place)
    start = folder / "deep" if what == "parent" else folder
    for uid in (0, OWNER):
        reference, why = as_user(uid, lambda: loaded(start))
        assert reference == "settings-file-refused"
        assert why.startswith(f"{place} belongs to user {STRANGER}; this process is ")
    assert as_user(STRANGER, lambda: loaded(start)) == 7


def test_a_user_is_named(folder: Path) -> None:
    """By his name, where he has one."""
    give(NOBODY, folder / "initdb.toml")
    _, why = loaded(folder)
    assert why == f"{folder}/initdb.toml belongs to nobody ({NOBODY}); this process is root (0)."


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_every_user_may_write_is_refused(folder: Path, what: str) -> None:
    """Also with the sticky bit: anybody may put modules beside the file."""
    place = folder / "initdb.toml" if what == "file" else folder
    place.chmod(0o666 if what == "file" else 0o1777)
    assert loaded(folder) == ["settings-file-refused", f"Every user may write {place}."]


def test_a_pyproject_without_settings_does_not_matter(folder: Path) -> None:
    """Nothing in it is run."""
    (folder / "deep" / "pyproject.toml").write_text("[tool.other]\n")
    give(STRANGER, folder / "deep" / "pyproject.toml", folder / "deep")
    assert loaded(folder / "deep") == 7


def test_a_file_that_is_named_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose it is does not matter then. Its paths begin in its folder, and no other file is read."""
    give(STRANGER, folder, folder / "initdb.toml")
    other = folder / "deep" / "shop.toml"
    other.write_text('attempts = 8\nseeds = "seeds"\n')
    give(STRANGER, other)
    assert loaded(folder, INITDB_CONFIG=str(folder / "initdb.toml")) == 7
    assert loaded(folder, INITDB_CONFIG=str(other)) == 8
    monkeypatch.chdir(folder)
    settings = load_settings(environ={"INITDB_CONFIG": "deep/shop.toml"})
    assert (settings.attempts, settings.seeds) == (8, (str(folder / "deep" / "seeds"),))
    assert settings.sources == (str(other),)
    (folder / "pyproject.toml").write_text("[tool.initdb]\nattempts = 9\n")
    assert loaded(folder, INITDB_CONFIG="pyproject.toml") == 9


def test_no_file_is_read_if_a_person_says_so(folder: Path) -> None:
    """A stranger's file above the working directory stops nobody for good."""
    give(STRANGER, folder / "initdb.toml")
    assert loaded(folder, INITDB_CONFIG="/dev/null") != 7
    assert loaded(folder, INITDB_CONFIG=" ")[0] == "settings-file-refused"


def test_a_named_file_that_is_not_there_is_said(folder: Path) -> None:
    """No other one is read in its place."""
    said = loaded(folder, INITDB_CONFIG=str(folder / "none.toml"))
    assert said == ["settings-file-unreadable", f"{folder}/none.toml: there is no such file"]


def test_a_pipe_in_its_place_is_not_waited_for(folder: Path) -> None:
    """It has no content."""
    (folder / "initdb.toml").unlink()
    os.mkfifo(folder / "initdb.toml", 0o644)
    assert loaded(folder) == load_settings(environ={"INITDB_CONFIG": "/dev/null"}).attempts


def test_the_caller_of_sudo_is_trusted(folder: Path) -> None:
    """Only where root asks: he may do what root may."""
    give(OWNER, folder, folder / "initdb.toml")
    assert loaded(folder, SUDO_UID=str(OWNER)) == 7
    for said in (str(STRANGER), "", "x", "-1", "٣"):
        assert loaded(folder, SUDO_UID=said)[0] == "settings-file-refused"
    refused = as_user(STRANGER, lambda: loaded(folder, SUDO_UID=str(OWNER)))
    assert refused[0] == "settings-file-refused"


def test_a_file_that_is_a_link_is_judged_as_what_it_names(folder: Path, tmp_path: Path) -> None:
    """And who made the link could write its folder."""
    theirs = tmp_path / "theirs.toml"
    theirs.write_text("attempts = 7\n")
    give(STRANGER, theirs)
    (folder / "initdb.toml").unlink()
    (folder / "initdb.toml").symlink_to(theirs)
    assert loaded(folder)[0] == "settings-file-refused"


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a container of Docker."""
    mark = tmp_path / ".dockerenv"
    mark.touch()
    monkeypatch.setattr(trusted, "IN_CONTAINER", (mark,))


FOLDER, FILE = Seen(0o40755, OWNER, OWNER), Seen(0o100644, OWNER, OWNER)


def _judged(path: str) -> str | None:
    """Of a file of OWNER in /app of OWNER, where the folders above have these owners."""
    return why_untrusted(Path(path), FILE, FOLDER, frozenset({0}))


@pytest.fixture
def above(monkeypatch: pytest.MonkeyPatch) -> Callable[[Seen], None]:
    """Lets the folder /app/.. be another one than it is here."""
    real = Path.stat

    def put(seen: Seen) -> None:
        def stat(path: Path, **_: bool) -> os.stat_result:
            if path == Path("/srv"):
                return os.stat_result((seen.mode, 0, 0, 1, seen.owner, seen.group, 0, 0, 0, 0))
            return real(path)

        monkeypatch.setattr(Path, "stat", stat)

    return put


def test_a_folder_mounted_into_a_container(container: None, above: Callable[[Seen], None]) -> None:
    """Its owner is a user of the host, whom the container does not know. Whoever mounted it chose it."""
    above(Seen(0o40755, 0, 0))
    assert _judged("/srv/app/initdb.toml") is None
    above(Seen(0o40755, STRANGER, STRANGER))
    assert _judged("/srv/app/initdb.toml") is None, "as /__w of a runner, and a repository below it"


@pytest.mark.parametrize(
    "seen", [Seen(0o41777, 0, 0), Seen(0o40755, NOBODY, NOBODY), Seen(0o40775, 0, 1)], ids=str
)
def test_a_folder_that_a_user_of_the_container_can_have_made(
    container: None, above: Callable[[Seen], None], seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody with a range of user numbers of his own can give away what he makes, where he may make it."""
    monkeypatch.setattr(trusted, "other_members", lambda group, _: group == 1)
    above(seen)
    assert _judged("/srv/app/initdb.toml") is not None


def test_an_owner_who_is_a_user_of_the_container(container: None, above: Callable[[Seen], None]) -> None:
    """An application that was broken into must not become root by what it writes."""
    above(Seen(0o40755, 0, 0))
    theirs = Seen(0o100644, NOBODY, NOBODY)
    said = why_untrusted(Path("/srv/app/initdb.toml"), theirs, Seen(0o40755, 0, 0), frozenset({0}))
    assert said is not None and "belongs to nobody" in said


def test_outside_of_a_container_an_unknown_owner_is_a_stranger(above: Callable[[Seen], None]) -> None:
    """Where users come from a directory that does not answer, everybody is unknown."""
    above(Seen(0o40755, 0, 0))
    assert _judged("/srv/app/initdb.toml") is not None


def test_modes_in_a_container(container: None, folder: Path) -> None:
    """Docker Desktop shows the files of Windows as 0777."""
    folder.chmod(0o777)
    (folder / "initdb.toml").chmod(0o777)
    assert loaded(folder) == 7


def test_a_mount_that_is_read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may write it, whatever the mode says, as in a ConfigMap of Kubernetes."""
    folder.chmod(0o777)
    real = os.statvfs

    class ReadOnly:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr(os, "statvfs", lambda path: ReadOnly if path == folder else real(path))
    assert loaded(folder) == 7
