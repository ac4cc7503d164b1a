"""The file that a journal is exported to: nothing in it is ever overwritten, and a beginning is completed."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.errors import InitError
from initdb.events.export import ExportFile, line
from initdb.events.verify import Stored
from tests.support.examples import some

ROWS = [
    Stored(
        number, "run", "2026-11-23T08:06:41Z", "outage", "ready", "ready", f'{{"seq":{number}}}', "00", "ff"
    )
    for number in range(1, 5)
]
WHOLE = b"".join(map(line, ROWS))


def write(path: Path, rows: list[Stored] = ROWS) -> list[Stored]:
    """The rows that passed."""
    with ExportFile(path) as file:
        return list(file.written(rows))


def test_each_row_is_a_line(tmp_path: Path) -> None:
    """With all its columns, for nobody else's eyes; the rows pass unchanged."""
    assert write(tmp_path / "kept.jsonl") == ROWS
    lines = (tmp_path / "kept.jsonl").read_text("ascii").splitlines()
    assert [Stored(**json.loads(one)) for one in lines] == ROWS
    assert (tmp_path / "kept.jsonl").stat().st_mode & 0o777 == 0o600


@given(cut=st.integers(0, len(WHOLE)))
def test_a_beginning_is_completed(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Wherever the process was killed that wrote it."""
    path = tmp_path_factory.mktemp("export") / "kept.jsonl"
    path.write_bytes(WHOLE[:cut])
    write(path)
    assert path.read_bytes() == WHOLE


@pytest.mark.parametrize(
    "content", [b"x", WHOLE[:70] + b"x", WHOLE[:-1] + b"x", WHOLE + b"\n", WHOLE + WHOLE[:9]]
)
def test_anything_else_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    """Also where it begins like the export, or goes on after its end."""
    path = tmp_path / "kept.jsonl"
    path.write_bytes(content)
    with pytest.raises(InitError) as raised:
        write(path)
    assert raised.value.reference == "export-refused"
    assert path.read_bytes() == content


def test_what_sqlite_keeps_in_a_column_of_text(tmp_path: Path) -> None:
    """Numbers and bytes too."""
    row = Stored(1, b"\x00\xff", 2, "é", None, "", "", "", "")  # type: ignore[arg-type]
    write(tmp_path / "kept.jsonl", [row])
    found = json.loads((tmp_path / "kept.jsonl").read_text("ascii"))
    assert (found["run"], found["at"], found["type"], found["source"]) == ({"hex": "00ff"}, 2, "é", None)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is written stays, to go on with."""
    real, calls = os.write, []

    def full(descriptor: int, content: bytes) -> int:
        calls.append(content)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content[:50])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(InitError, match="No space left"):
        write(tmp_path / "kept.jsonl")
    monkeypatch.undo()
    assert (tmp_path / "kept.jsonl").read_bytes() == WHOLE[:100]
    write(tmp_path / "kept.jsonl")
    assert (tmp_path / "kept.jsonl").read_bytes() == WHOLE


def test_it_is_on_the_disk_before_the_last_row_is_followed_by_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, and the folder that has its name."""
    synced: list[str] = []

    def sync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", sync)
    with ExportFile(tmp_path / "kept.jsonl") as file:
        for row in file.written(ROWS):
            assert not synced, row
        assert synced == [str(tmp_path / "kept.jsonl"), str(tmp_path)]


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """It is refused at once, and nobody waits for a reader."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InitError, match="no regular file"):
        write(tmp_path / "pipe")


def test_two_exports_to_one_file(tmp_path: Path) -> None:
    """The second is refused while the first goes on."""
    with ExportFile(tmp_path / "kept.jsonl"), pytest.raises(InitError, match="temporarily unavailable"):
        write(tmp_path / "kept.jsonl")


WRITTEN = st.text() | st.text(st.characters(max_codepoint=127)) | st.just("\x7f\x00\x1f\t")
ODD = st.text() | st.binary(max_size=4) | st.none() | st.integers()


@some
@given(st.integers() | st.floats(0, 9), st.tuples(*[WRITTEN] * 8) | st.tuples(*[ODD] * 8))
def test_a_line_is_what_json_makes_of_a_row(seq: Any, values: tuple[Any, ...]) -> None:
    """Byte for byte, whatever SQLite has stored: the stand-alone program compares."""
    row = Stored(seq, *values)
    said = json.dumps(row._asdict(), default=lambda value: {"hex": bytes(value).hex()})
    assert line(row) == said.encode("ascii") + b"\n"
