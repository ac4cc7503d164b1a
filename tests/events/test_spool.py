"""The spool: notes do not damage each other while they wait, and never fail a boot."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platformdirs import user_state_dir

from initdb.events.ids import time_ordered
from initdb.events.spool import Note, Spool
from tests.events.test_canonical import ANYTHING
from tests.support.examples import some

URL = "postgresql://app@db/shop"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool whose folder does not exist yet."""
    return Spool(tmp_path / "state" / "initdb" / "x.jsonl")


def _note(id_: str = "1", **data: Any) -> Note:
    return Note(id_, "outage", "2026-11-23T08:06:41.218903Z", data)


def test_what_is_put_waits(spool: Spool) -> None:
    """Notes keep their order, and wait until they are dropped."""
    notes = [_note(str(number), count=number) for number in range(4)]
    for note in notes:
        spool.put(note)
    assert spool.waiting() == tuple(notes)
    spool.drop(["0", "2", "not there"])
    assert spool.waiting() == (notes[1], notes[3])
    spool.drop(["1", "3"])
    assert spool.waiting() == ()


def test_it_is_one_json_line_a_note_and_nobody_elses(spool: Spool) -> None:
    """The file has mode 0600 in a folder of mode 0700, whatever the umask is."""
    before = os.umask(0)
    try:
        spool.put(_note(text="ä\n\0\ud800"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.path.parent.stat().st_mode) == 0o700
    spool.put(_note("2"))
    lines = spool.path.read_text("ascii").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["1", "2"]


def test_a_torn_line_spoils_no_other(spool: Spool) -> None:
    """The lines before and after it are read."""
    spool.put(_note("1"))
    spool.put(_note("2"))
    content = spool.path.read_bytes()
    spool.path.write_bytes(content[:-20])
    spool.put(_note("3"))
    assert [note.id for note in spool.waiting()] == ["1", "3"]
    spool.drop(["1"])
    assert [note.id for note in spool.waiting()] == ["3"]


@some
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_foreign_content_is_passed_over(tmp_path_factory: Any, before: bytes, after: bytes) -> None:
    """The file may hold anything. Its notes are found, and nothing is raised."""
    spool = Spool(tmp_path_factory.mktemp("spool") / "x.jsonl")
    spool.path.write_bytes(before)
    spool.put(_note("mine"))
    with spool.path.open("ab") as file:
        file.write(after)
    assert "mine" in {note.id for note in spool.waiting()}
    spool.drop(["mine"])
    assert "mine" not in {note.id for note in spool.waiting()}


@pytest.mark.parametrize(
    "line", ["", "null", "[]", "1", "{}", '{"id":1}', '{"id":1,"type":"x","at":"t","data":5}', "ä", "\x00"]
)
def test_a_line_that_is_no_note_is_passed_over(spool: Spool, line: str) -> None:
    """The line may be JSON or not."""
    spool.put(_note("1"))
    with spool.path.open("a") as file:
        file.write(line + "\n")
    spool.put(_note("2"))
    assert [note.id for note in spool.waiting()] == ["1", "2"]


def test_an_id_is_offered_once(spool: Spool) -> None:
    """It may have been put many times."""
    for _ in range(3):
        spool.put(_note("1"))
    assert [note.id for note in spool.waiting()] == ["1"]


@some
@given(data=st.dictionaries(st.text(), ANYTHING, max_size=3))
def test_any_data_can_wait(tmp_path_factory: Any, data: dict[str, Any]) -> None:
    """The data is made safe, as that of an event is."""
    spool = Spool(tmp_path_factory.mktemp("spool") / "x.jsonl")
    spool.put(Note("1", "outage", "t", data))
    assert len(spool.waiting()) == 1


@pytest.mark.parametrize("obstacle", ["a file", "a folder", "a link", "somebody else's"])
def test_nothing_raises(tmp_path: Path, obstacle: str) -> None:
    """If the place cannot or should not be used, the note waits in memory, and the boot goes on."""
    spool = Spool(tmp_path / "folder" / "x.jsonl")
    if obstacle == "a file":
        spool.path.parent.write_text("")
    else:
        spool.path.parent.mkdir()
    if obstacle == "a folder":
        spool.path.mkdir()
    elif obstacle == "a link":
        (tmp_path / "target").write_text("untouched")
        spool.path.symlink_to(tmp_path / "target")
    elif obstacle == "somebody else's":
        spool.path.touch()
        if os.geteuid() == 0:
            os.chown(spool.path, 1234, 1234)
        else:
            spool.path.chmod(0)
    spool.put(_note())
    assert spool.waiting() == (_note(),)
    spool.drop(["1"])
    assert spool.waiting() == ()
    if obstacle == "a link":
        assert (tmp_path / "target").read_text() == "untouched"


def _folder(monkeypatch: pytest.MonkeyPatch, **environ: str) -> Path:
    """The folder of the spool in an environment that has only these variables."""
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return Spool.beside(URL).path.parent


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the user's folder for state. The hash of the URL is its name."""
    state = {"HOME": "/nowhere", "XDG_STATE_HOME": str(tmp_path / "s")}
    assert _folder(monkeypatch, HOME=str(tmp_path)) == Path(user_state_dir("initdb"))
    assert _folder(monkeypatch, **state) == tmp_path / "s" / "initdb"
    name = Spool.beside(URL).path.name
    assert "shop" not in name
    assert name != Spool.beside(URL + "2").path.name
    assert Spool.beside("\ud800").path.name.endswith(".jsonl")
    assert len({Spool.beside(URL, whose).path.name for whose in ("", "shop", "billing")}) == 3


def test_its_name_is_the_same_in_every_version() -> None:
    """A newer version looks for an older version's notes under this name."""
    # printf 'postgresql://app@db/shop' | sha256sum, and with \nshop, the first 32 digits
    assert Spool.beside(URL).path.name == "5583ddabc444c721c7a099692f373be8.jsonl"
    assert Spool.beside(URL, "shop").path.name == "0b74e600f59da542d6308fb830655f32.jsonl"


def test_a_lock_is_asked_for_a_hundred_times(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a hundredth of a second between two attempts."""
    slept: list[float] = []
    monkeypatch.setattr("initdb.events.spool_file._sleep", slept.append)
    spool.put(_note("1"))
    with spool.path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        spool.put(_note("2"))
    assert slept == [0.01] * 100


@pytest.mark.parametrize("said", ["raises", "a tilde"])
def test_without_a_home_it_lies_in_the_temporary_folder(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user id may have no home. Older and newer versions of platformdirs answer
    differently."""

    def user_state_path(name: str) -> Path:
        if said == "raises":
            raise RuntimeError("could not determine the home directory")
        return Path("~/.local/state", name)

    monkeypatch.setattr(platformdirs, "user_state_path", user_state_path)
    assert _folder(monkeypatch) == Path(tempfile.gettempdir(), f"initdb-{os.getuid()}")


def test_without_any_folder_nothing_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no home and no temporary folder: the note waits in memory, and the boot goes on."""

    def nowhere(*_: object) -> Path:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    monkeypatch.setattr(platformdirs, "user_state_path", lambda name: Path("~", name))
    _folder(monkeypatch)
    spool = Spool.beside(URL)
    spool.put(_note())
    assert spool.waiting() == (_note(),)
    spool.drop(["1"])
    assert spool.waiting() == ()


@pytest.mark.parametrize("where", ["a home alone", "a relative folder", "no home"])
def test_what_0_1_0_left_is_still_taken(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0.1.0 chose its folder by itself. The notes there enter the journal, and are removed."""
    work = tmp_path / "work"
    work.mkdir()
    environ, old = {
        "a home alone": ({"HOME": str(tmp_path)}, tmp_path / ".local/state/initdb"),
        "a relative folder": ({"HOME": str(tmp_path), "XDG_STATE_HOME": "state"}, work / "state/initdb"),
        "no home": ({"TMPDIR": str(tmp_path)}, tmp_path / f"initdb-{os.getuid()}"),
    }[where]
    monkeypatch.chdir(work)
    monkeypatch.setattr(tempfile, "tempdir", None)
    if where == "a home alone":  # as on macOS
        monkeypatch.setattr(platformdirs, "user_state_path", lambda name: tmp_path / "Library" / name)
    _folder(monkeypatch, **environ)
    spool = Spool.beside(URL)
    assert spool.path.parent != old
    Spool(old / spool.path.name).put(_note("old"))
    spool.put(_note("new"))
    assert [note.id for note in spool.waiting()] == ["old", "new"]
    spool.drop(["old"])
    assert [note.id for note in spool.waiting()] == ["new"]
    assert (old / spool.path.name).read_bytes() == b""


PUT = """
import sys
from pathlib import Path
from initdb.events.spool import Note, Spool
for number in range(50):
    Spool(Path(sys.argv[1])).put(Note(f"{sys.argv[2]}-{number}", "outage", "t", {"pad": "x" * 100}))
"""


def test_processes_that_write_at_once_lose_nothing(spool: Spool) -> None:
    """A third process takes notes meanwhile. Every note is seen once, and is removed once taken."""
    writers = [subprocess.Popen([sys.executable, "-c", PUT, str(spool.path), name]) for name in ("a", "b")]
    seen: set[str] = set()
    while any(writer.poll() is None for writer in writers):
        ids = {note.id for note in spool.waiting()}
        spool.drop(ids)
        seen |= ids
    left = {note.id for note in spool.waiting()}
    assert seen | left == {f"{name}-{number}" for name in ("a", "b") for number in range(50)}
    assert not seen & left


@pytest.mark.parametrize("act", ["put", "drop", "waiting"])
def test_one_process_at_a_time(spool: Spool, act: str) -> None:
    """The file is rewritten when notes are removed. Meanwhile no other process may write or read it."""
    spool.put(_note("1"))
    calls = {
        "put": lambda: spool.put(_note("2")),
        "drop": lambda: spool.drop(["1"]),
        "waiting": spool.waiting,
    }
    thread = threading.Thread(target=calls[act])
    with spool.path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
    thread.join(1)
    assert not thread.is_alive()


def test_a_process_stopped_in_the_middle_stops_nobody(spool: Spool) -> None:
    """The others wait for its lock on the file for one second."""
    spool.put(_note("1"))
    with spool.path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        begun = time.monotonic()
        spool.put(_note("2"))
        assert time.monotonic() - begun < 5
    assert [note.id for note in spool.waiting()] == ["1", "2"]


@some
@given(st.datetimes(min_value=datetime(1971, 1, 1)))
def test_ids_sort_by_time(moment: Any) -> None:
    """They are UUIDs of version 7 (RFC 9562). Two ids of one moment differ."""
    first, second = time_ordered(moment), time_ordered(moment)
    assert first != second and first[14] == "7" and first[19] in "89ab"
    assert first[:13] == second[:13]
