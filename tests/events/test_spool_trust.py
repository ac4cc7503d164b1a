"""The spool beside a neighbour who means harm: its place, its types, its limits, and anything in its file."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.events import spool as spools
from initdb.events.entry import Moment, write
from initdb.events.knowledge import Knowledge
from initdb.events.spool import FILE_LIMIT, LINE_LIMIT, NOTE_LIMIT, Note, Spool
from initdb.events.spool_file import is_usable
from initdb.events.types import EVENTS, NOTES, SPOOLED
from initdb.statemachine.decide.fold import step
from initdb.statemachine.loop.writer import _data
from initdb.statemachine.machine import turn
from tests.support.examples import some
from tests.support.users import as_user, enterable

STRANGER = 4711
AT = "2026-11-23T08:06:41.218903Z"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Its folder does not exist yet."""
    return Spool(tmp_path / "state" / "x.jsonl")


def _outage(number: int, **more: Any) -> Note:
    data = {"first": f"f{number}", "last": f"l{number}", "count": 2, "reference": "no-route", **more}
    return Note(f"n-{number}", "outage", AT, data)


def _line(**fields: object) -> str:
    return json.dumps({"id": "1", "type": "outage", "at": AT, "data": {}, **fields}) + "\n"


def _only_in_memory(spool: Spool) -> None:
    """Nothing is read there and nothing is written there, and the note is not lost."""
    assert not is_usable(spool.path)
    assert spool.waiting() == ()
    spool.put(_outage(1))
    assert [note.id for note in spool.waiting()] == ["n-1"]
    spool.drop(["n-1"])
    assert spool.waiting() == ()


def test_the_folder_of_another_user_is_not_used(spool: Spool) -> None:
    """He could read what is put there, and exchange the file."""
    spool.path.parent.mkdir()
    spool.path.write_text(_line())
    os.chown(spool.path.parent, STRANGER, STRANGER)
    _only_in_memory(spool)
    assert spool.path.read_text() == _line()


@pytest.mark.parametrize("what", ["folder", "file", "name", "pipe"])
def test_what_is_no_file_of_ours_is_not_used(spool: Spool, tmp_path: Path, what: str) -> None:
    """A link instead of the folder or of the file, a second name of another file, and what is no file."""
    (tmp_path / "else").mkdir()
    other = tmp_path / "else" / spool.path.name
    other.write_text(_line())
    if what == "folder":
        spool.path.parent.symlink_to(tmp_path / "else")
    else:
        spool.path.parent.mkdir()
    if what == "file":
        spool.path.symlink_to(other)
    elif what == "name":
        spool.path.hardlink_to(other)
    elif what == "pipe":
        os.mkfifo(spool.path)
    _only_in_memory(spool)
    assert other.read_text() == _line()


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_is_not_used(spool: Spool, mode: int) -> None:
    """It may say what another user wants."""
    spool.path.parent.mkdir()
    spool.path.write_text(_line())
    spool.path.chmod(mode)
    _only_in_memory(spool)
    spool.path.chmod(0o644)
    assert [note.id for note in spool.waiting()] == ["1"] and is_usable(spool.path)


@pytest.mark.parametrize("planted", ["a folder", "a link"])
def test_without_a_home_a_strangers_folder_is_not_used(
    planted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user may make `/tmp/initdb-UID` first."""
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(platformdirs, "user_state_path", lambda name: Path("~", name))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o1777)
    mine = tmp_path / f"initdb-{os.getuid()}"
    (tmp_path / "theirs").mkdir()
    if planted == "a folder":
        mine.mkdir(0o777)
        os.chown(mine, STRANGER, STRANGER)
    else:
        mine.symlink_to(tmp_path / "theirs")
    _only_in_memory(Spool.beside("postgresql://app@db/shop"))
    assert not list(mine.iterdir())
    mine.unlink() if planted == "a link" else mine.rmdir()
    spool = Spool.beside("postgresql://app@db/shop")
    spool.put(_outage(1))
    assert spool.path.is_file() and spool.path.parent == mine
    spool.drop(["n-1"])


def test_root_makes_no_folder_in_that_of_another_user(tmp_path: Path) -> None:
    """As with sudo, which may keep HOME. He could replace a part of the path by a link meanwhile."""
    os.chown(tmp_path, STRANGER, STRANGER)
    _only_in_memory(Spool(tmp_path / ".local" / "state" / "x.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_a_user_may_have_a_folder_of_root(tmp_path: Path) -> None:
    """As in an image that root has built."""
    enterable(tmp_path)
    tmp_path.chmod(0o777)

    def put() -> object:
        spool = Spool(tmp_path / "x.jsonl")
        spool.put(_outage(1))
        return [spool.path.stat().st_uid, [note.id for note in spool.waiting()]]

    assert as_user(STRANGER, put) == [STRANGER, ["n-1"]]


@pytest.mark.parametrize("type_", sorted((EVENTS.keys() | NOTES.keys()) - SPOOLED))
def test_no_other_event_enters(spool: Spool, type_: str) -> None:
    """It is not offered, and the next rewrite of the file removes it. A type of a newer version waits."""
    spool.put(_outage(1))
    with spool.path.open("a") as file:
        file.write(_line(id="2", type=type_) + _line(id="3", type="of_a_newer_version"))
    assert [note.id for note in spool.waiting()] == ["n-1", "3"]
    spool.drop(["n-1"])
    assert type_ not in spool.path.read_text() and "of_a_newer_version" in spool.path.read_text()


def test_a_long_note_loses_its_long_values(spool: Spool) -> None:
    """Its line keeps what is short."""
    spool.put(_outage(1, context=["x" * LINE_LIMIT]))
    spool.put(Note("2", "outage", AT, {str(number): "x" * 400 for number in range(100)}))
    first, second = spool.waiting()
    assert first.data == _outage(1).data
    assert second.data == {}
    assert max(map(len, spool.path.read_bytes().splitlines())) < LINE_LIMIT


def test_a_longer_line_is_no_note(spool: Spool) -> None:
    """Also if it is one in every other respect."""
    spool.put(_outage(1))
    with spool.path.open("a") as file:
        file.write(_line(id="2", data={"x": "x" * LINE_LIMIT}) + _line(id="3"))
    assert [note.id for note in spool.waiting()] == ["n-1", "3"]


@pytest.mark.parametrize("field", ["id", "type", "at"])
@pytest.mark.parametrize("value", ["", "x" * 65, "\x1b[2J", "\n", None, 3, ["1"], {}])
def test_a_line_whose_names_are_none_is_no_note(spool: Spool, field: str, value: object) -> None:
    """They are written into the journal and printed."""
    spool.put(_outage(1))
    with spool.path.open("a") as file:
        file.write(_line(**{field: value}) + _line(id="\x1b", type=value))
    assert [note.id for note in spool.waiting()] == ["n-1"]


@pytest.mark.parametrize("usable", [True, False])
def test_an_outage_joins_the_last_one_of_a_full_spool(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, usable: bool
) -> None:
    """No outage is lost: its count grows. It is the same in memory, if the file cannot be used."""
    monkeypatch.setattr(spools, "NOTE_LIMIT", 3)
    if not usable:
        spool.path.parent.write_text("")
    spool.put(_outage(1))
    spool.put(_outage(2))
    spool.put(Note("r", "history_rewound", AT, {"was": 3, "is": 2}))
    for number in (3, 4):
        spool.put(_outage(number))
    found = {note.id: note for note in spool.waiting()}
    assert sorted(found) == ["n-1", "n-4", "r"]
    joined = found["n-4"].data
    assert (joined["first"], joined["last"], joined["count"]) == ("f2", "l4", 6)
    spool.drop(list(found))
    assert spool.waiting() == ()


def test_what_cannot_join_waits_in_memory(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool is full, and the note is no outage."""
    monkeypatch.setattr(spools, "NOTE_LIMIT", 1)
    spool.put(_outage(1))
    spool.put(Note("r", "history_rewound", AT, {"was": 3, "is": 2}))
    assert spool.path.read_bytes().count(b"\n") == 1
    assert {note.id for note in spool.waiting()} == {"n-1", "r"}
    spool.drop(["n-1", "r"])


def test_a_file_of_any_size_is_read_up_to_its_limit(spool: Spool) -> None:
    """Other programs of this user can make it grow. A rewrite makes it small again."""
    spool.put(_outage(1))
    with spool.path.open("a") as file:
        for number in range(NOTE_LIMIT + 50):
            file.write(_line(id=f"more-{number}"))
        file.write("x" * 2 * FILE_LIMIT + "\n" + _line(id="last"))
    found = [note.id for note in spool.waiting()]
    assert len(found) == NOTE_LIMIT and found[0] == "n-1" and "last" not in found
    spool.put(_outage(2))
    spool.drop(found)
    left = [note.id for note in spool.waiting()]
    assert left == ["n-2"] or left == []
    assert spool.path.stat().st_size < FILE_LIMIT


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KNOWN_FIELDS = st.sampled_from(
    ["first", "last", "count", "reference", "context", "was", "is", "name", "attempt", "note", "v"]
)
LINES: Any = st.one_of(
    st.binary(max_size=60),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {
            "id": VALUES | st.sampled_from(["1", "a-2"]),
            "type": VALUES | st.sampled_from(sorted(NOTES.keys() | EVENTS.keys() | {"newer"})),
            "at": VALUES | st.just(AT),
            "data": VALUES | st.dictionaries(KNOWN_FIELDS, VALUES, max_size=4),
        }
    ).map(lambda value: json.dumps(value).encode()),
)


@some
@given(st.lists(LINES, max_size=6))
def test_anything_in_its_file_makes_no_boot_fail(tmp_path_factory: Any, lines: list[bytes]) -> None:
    """What is taken becomes an event that can be written, folded and read again, and is dropped then."""
    spool = Spool(tmp_path_factory.mktemp("spool") / "x.jsonl")
    spool.path.write_bytes(b"\n".join(lines))
    spool.put(_outage(1))
    known = Knowledge()
    taken = [note for note in spool.waiting() if note.type in SPOOLED]
    for note in taken:
        data = _data(note)
        assert "attempt" not in data
        made = turn(known.state, note.type, data)
        entry = write(known.seq, known.hash, Moment("run", AT, 1, {}), made, data)
        known = step(known, entry)
    assert known.seq == len(taken) and known.notes == {note.id for note in taken} >= {"n-1"}
    spool.drop(known.notes)
    assert {note.type for note in spool.waiting()} & (EVENTS.keys() | NOTES.keys()) == set()
