"""A file that nobody would write on purpose is an error that says where and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.steps.revisions.locate import find_directories
from initdb.steps.revisions.reading import content_digest, read_revisions
from tests.revisions.directories import BODY, Node, environment, write, write_source

HEAD = 'revision = "aaaa"\ndown_revision = None\n'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (HEAD.encode() + b"def upgrade(:\n    pass\n", "line 3: invalid syntax: def upgrade(:"),
        (HEAD.encode() + b"<<<<<<< HEAD\n", "line 3: invalid syntax: <<<<<<< HEAD"),
        (HEAD.encode() + b"def upgrade():\n", "line 3: expected an indented block"),
        (b'"""Cut off in the middle of its docst', "unterminated triple-quoted string"),
        (HEAD.encode() + b"x = '\0'\n", "null bytes"),
        (HEAD.encode() + b"x = '\xe4\xff'\n", "utf-8"),
        (b"# coding: klingon\n" + HEAD.encode(), "klingon"),
        (HEAD.encode() + b"x = " + b"(" * 5000, "too many nested parentheses"),
        (HEAD.encode() + b"x = " + b"-" * 200_000 + b"1\n", "parsed"),
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (b'"""Only this is left."""\n', "nothing but its docstring is left"),
        (os.urandom(64).replace(b"\n", b"") + b"\0", ""),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else "",
)
def test_an_unparsable_file(tmp_path: Path, data: bytes, says: str) -> None:
    """Names file, line and the parser's reason."""
    with pytest.raises(InitError) as raised:
        write_source(tmp_path / "migrations", data)
    assert raised.value.reference == "revision-unparsable"
    assert raised.value.context[0].startswith(str(tmp_path / "migrations" / "versions" / "one.py"))
    assert says in raised.value.context[0]


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"# -*- coding: latin-1 -*-\nname = '\xe4'\n"])
def test_what_python_takes_is_taken(tmp_path: Path, prefix: bytes) -> None:
    """A byte order mark and a declared encoding are no errors."""
    assert write_source(tmp_path / "migrations", prefix + HEAD.encode() + BODY.encode()).revision == "aaaa"


def test_a_huge_file(tmp_path: Path) -> None:
    """A revision that brings a megabyte of rows is read like any other."""
    rows = "".join(f"    ({number}, 'name {number}', 'commit'),\n" for number in range(30_000))
    file = write_source(tmp_path / "migrations", f"{HEAD}ROWS = [\n{rows}]\n{BODY}")
    assert (file.revision, file.commits) == ("aaaa", ())


def test_two_files_of_one_identifier(tmp_path: Path) -> None:
    """Alembic warns and takes the last; here both are named and nothing is taken."""
    place = write(tmp_path / "migrations", Node("aaaa"), Node("aaaa"), names=["one", "two"])
    with pytest.raises(InitError) as raised:
        read_revisions(place)
    assert raised.value.reference == "revision-duplicate"
    assert [Path(line).name for line in raised.value.context] == ["one.py", "two.py"]


@pytest.mark.parametrize("kind", ["dangling link", "pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """A link to nothing, or a pipe that would be read for ever."""
    folder = environment(tmp_path / "migrations")
    path = folder / "versions" / "one.py"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "gone.py")
    for read in (read_revisions, content_digest):
        with pytest.raises(InitError) as raised:
            read(find_directories(folder))
        assert raised.value.reference == "revision-unparsable"


def test_a_folder_named_like_a_file_and_an_editors_lock_are_left_out(tmp_path: Path) -> None:
    """As Alembic leaves them out."""
    folder = environment(tmp_path / "migrations")
    (folder / "versions" / "folder.py").mkdir()
    (folder / "versions" / ".#one.py").symlink_to("user@host.1234")
    assert read_revisions(find_directories(folder)) == ()
