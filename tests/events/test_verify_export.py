"""The program that verifies an export by itself: it needs nothing, finds every damage, and agrees with us."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from initdb.events import verify_export
from initdb.events.chain import GENESIS, link
from initdb.events.entry import COLUMNS, Turn, write
from initdb.events.export import line
from initdb.events.head import Head
from initdb.events.verify import Stored, verify
from tests.events.journals import MOMENT
from tests.support.examples import many, some

PROGRAM = Path(verify_export.__file__)


def chain(length: int) -> list[Stored]:
    """An honest journal."""
    rows: list[Stored] = []
    seq, digest = 0, GENESIS
    for number in range(length):
        type_, data = ("journal_created", {"journal": "j-1"}) if number == 0 else ("outage", {"ä": number})
        entry = write(seq, digest, MOMENT, Turn(type_, "note", "ready", "ready"), data)
        seq, digest = entry.seq, entry.hash
        rows.append(Stored(**entry.columns()))
    return rows


def rehashed(rows: list[Stored]) -> list[Stored]:
    """The same rows, with a chain that is right."""
    made, digest = [], GENESIS
    for row in rows:
        hashed = link(digest, row.event)
        made.append(row._replace(prev_hash=digest, hash=hashed))
        digest = hashed
    return made


def head(rows: list[Stored]) -> Head:
    """A head that agrees with the last row."""
    return Head(rows[-1].seq, rows[-1].hash, 3, 1) if rows else Head(0, GENESIS, 3, 1)


def text(rows: list[Stored]) -> str:
    """The export."""
    return b"".join(map(line, rows)).decode("ascii")


def found(export: str, *checkpoints: str) -> list[str]:
    """What the program says about an export, whose lines it reads one by one."""
    return list(verify_export.verify(export.splitlines(keepends=True), set(checkpoints)))


def point(row: Stored, journal: str = "j-1") -> str:
    """The checkpoint at a row, as the program reads it from a line."""
    return f"{journal} {row.seq} {row.hash}"


def test_it_is_short_and_needs_nothing() -> None:
    """At most fifty lines in the syntax of Python 3.8, with imports of the standard library alone."""
    source = PROGRAM.read_text("utf-8")
    assert len(source.splitlines()) <= 50
    tree = ast.parse(source, feature_version=(3, 8))
    assert {name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names} == {
        "hashlib",
        "json",
        "sys",
    }
    assert not [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]


def test_it_runs_alone(tmp_path: Path) -> None:
    """Isolated, without site-packages, as a file that somebody was sent."""
    program, rows = tmp_path / "v.py", chain(3)
    program.write_text(PROGRAM.read_text("utf-8"))

    def run(export: str, *points: str) -> tuple[int, list[str]]:
        (tmp_path / "export").write_text(export)
        lines = [f"initdb-checkpoint-v1 {one} 2026-11-23T08:06:41Z unsigned\n" for one in points]
        (tmp_path / "points").write_text("".join([*lines, "\n"]))
        names = ["export", *(["points"] if points else [])]
        done = subprocess.run(
            [sys.executable, "-I", "-S", "v.py", *names], cwd=tmp_path, capture_output=True, text=True
        )
        assert not done.stderr
        return done.returncode, done.stdout.splitlines()

    last = f"the last hash {rows[-1].hash}"
    assert run(text(rows)) == (0, [f"3 entries, 0 checkpoints, {last}", "intact"])
    assert run(text(rows), point(rows[1])) == (0, [f"3 entries, 1 checkpoints, {last}", "intact"])
    line = f"initdb-checkpoint-v1 {point(rows[2])} 2026-11-23T08:06:41Z unsigned"
    words = [sys.executable, "-I", "-S", "v.py", "export", line, "points"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"3 entries, 2 checkpoints, {last}")
    code, said = run(text(rows[:2]), point(rows[2]))
    assert (code, said[-1]) == (1, "1 findings")
    assert said[1] == f"the entry of the checkpoint {point(rows[2])} is missing, or is another one"


def test_how_it_is_used_is_said() -> None:
    """By itself, if it is called without an export."""
    done = subprocess.run([sys.executable, "-I", "-S", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 1
    assert "python3 verify_export.py EXPORT" in done.stderr


def test_nothing_is_not_intact() -> None:
    """An empty file is no journal."""
    assert found("") == ["there is no entry"]


def test_each_bit_counts() -> None:
    """No single one of the export can be changed without a finding."""
    whole = text(chain(2)).encode("ascii")
    missed = []
    for at in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[at // 8] ^= 1 << at % 8
        if not found(bytes(changed).decode("ascii", "surrogateescape")):
            missed.append(at)
    # The newline at the end may be missing, but not be something else.
    assert missed == []
    assert found(whole[:-1].decode("ascii")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"seq": 2,', '"seq": 1, "seq": 2,'),
        ('"seq": 2,', '"seq":  2,'),
        ('"run": "run-1"', '"run": "\\u0072un-1"'),
        ("\n", " \n"),
        ("{", '{"more": 1, '),
    ],
)
def test_another_way_to_write_the_same_is_found(old: str, new: str) -> None:
    """A reader of the file might see another value than the one that was checked."""
    lines = text(chain(3)).splitlines(keepends=True)
    assert found(lines[0] + lines[1].replace(old, new, 1) + lines[2]) == [
        "line 2 is not written as an export writes it"
    ]


_VALUES = st.one_of(
    st.text(max_size=10),
    st.binary(max_size=5),
    st.integers(0, 99),
    st.none(),
    st.sampled_from(["0" * 64, "{}", "[]", "1", '{"seq":1}', '{"seq":true}', "\udc80"]),
)


@many
@given(st.integers(1, 5).map(chain), st.data())
def test_it_agrees_about_an_edit(rows: list[Stored], data: st.DataObject) -> None:
    """Any column of any row, with the hashes as they were."""
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(COLUMNS))
    value: Any = data.draw(st.integers(-5, 99) if column == "seq" else _VALUES)
    edited = [*rows[:at], rows[at]._replace(**{column: value}), *rows[at + 1 :]]
    assert bool(found(text(edited))) == bool(verify(edited, head(edited))) == (edited != rows)


@many
@given(st.integers(1, 5).map(chain), st.data())
def test_it_agrees_about_an_order(rows: list[Stored], data: st.DataObject) -> None:
    """Rows are removed, doubled and exchanged; the head has been set to match."""
    chosen = data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=6))
    assert bool(found(text(chosen))) == bool(verify(chosen, head(chosen)))


_TEXTS = st.one_of(
    st.text(st.characters(max_codepoint=127), max_size=12),
    st.sampled_from(
        ["NaN", "[1e999]", '"\\ud800"', "\ufeff{}", "{'a': 1}", "[" * 2000, "01", '{"a":1,}', "é"]
    ),
)


@many
@given(st.integers(1, 4).map(chain), st.integers(0, 3), _TEXTS)
@example(chain(2), 1, "-Infinity")
@example(chain(2), 1, '"\\udc80"')
def test_it_agrees_about_what_an_owner_wrote(rows: list[Stored], at: int, value: str) -> None:
    """With a chain that is right: then only the text and the columns are left to judge."""
    assume(at < len(rows))
    inside = rows[at].event.replace('"by":', f'"by2":{value},"by":')
    for event in (value, inside):
        if not event.isascii():
            continue
        forged = rehashed([*rows[:at], rows[at]._replace(event=event), *rows[at + 1 :]])
        assert bool(found(text(forged))) == bool(verify(forged, head(forged))), event


@some
@given(st.integers(1, 5).map(chain), st.data())
def test_checkpoints(rows: list[Stored], data: st.DataObject) -> None:
    """The journal has them, in whatever order; a shorter one, a rebuilt one and another one have not."""
    kept = data.draw(st.lists(st.sampled_from(rows), min_size=1, unique_by=lambda row: row.seq))
    points = [point(row) for row in kept]
    assert found(text(rows), *points) == []
    last = max(row.seq for row in kept)
    cut = rows[: data.draw(st.integers(0, last - 1))]
    assert found(text(cut), *points)
    rebuilt = rehashed(
        [rows[0]._replace(event=rows[0].event.replace("run-1", "run-2"), run="run-2"), *rows[1:]]
    )
    assert verify(rebuilt, head(rebuilt)) == [] and found(text(rebuilt)) == []
    assert len(found(text(rebuilt), *points)) == len(points)
    assert len(found(text(rows), *(point(row, "j-2") for row in kept))) == len(points)


def test_a_damaged_line_does_not_hide_the_next() -> None:
    """Each one is judged, and the file is read to its end."""
    lines = text(chain(4)).splitlines(keepends=True)
    lines[1] = "{\n"
    assert found("".join(lines)) == [
        "line 2 is no entry of a journal",
        "line 3 does not follow the entry before it",
    ]
