"""Revisions are hashed at each boot, and parsed only where something has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.steps.revisions import reading
from initdb.steps.revisions.checked import checked_graph
from initdb.steps.revisions.locate import find_directories
from tests.support.toy import Toy


@pytest.fixture
def ready(tmp_path: Path, database_url: str) -> Toy:
    """A database that three revisions have made."""
    toy = Toy(tmp_path, database_url, options={"schema_from": "migrations"}).with_revisions()
    assert toy.initializer().initialize().success
    return toy


def no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on a revision that is parsed is an error."""

    def parse(*_: object) -> None:
        raise AssertionError("a revision was parsed")

    monkeypatch.setattr(reading, "parse_source", parse)


def test_a_ready_database_needs_none(ready: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a boot nor a verdict parses one."""
    no_parsing(monkeypatch)
    assert ready.initializer().verdict().kind == "ready"
    result = ready.initializer().initialize()
    assert result.success and not result.steps_completed


@pytest.mark.parametrize("change", ["content", "another", "twice", "removed", "no revision"])
def test_what_changes_is_noticed(ready: Toy, change: str) -> None:
    """Also a content of the same size and time, a copy under another name, and a file that is no revision."""
    file = sorted((ready.migrations / "versions").glob("*.py"))[-1]
    status, text = file.stat(), file.read_text()
    if change == "content":
        file.write_text(text.replace("first of t3", "first of t4"))
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert file.stat().st_size == status.st_size
    elif change == "another":
        ready.revision(4, "    pass")
    elif change == "twice":
        file.with_name("copy.py").write_text(text)
    elif change == "removed":
        file.unlink()
    else:
        file.with_name("helper.py").write_text("HELPER = 1\n")
    if change == "twice":
        with pytest.raises(InitError, match="revision-duplicate"):
            ready.initializer().verdict()
        return
    verdict = ready.initializer().verdict()
    expected = ("ahead", ()) if change == "removed" else ("work", ("migrations",))
    assert (verdict.kind, verdict.changed) == expected


def test_what_is_parsed_is_what_was_hashed(ready: Toy) -> None:
    """A file that is replaced between the two does not get another file's hash."""
    graph = checked_graph(find_directories(ready.migrations))
    file = sorted((ready.migrations / "versions").glob("*.py"))[-1]
    file.write_text(file.read_text().replace("'r2'", "'r1'"))
    assert graph.files["r3"].down == ("r2",)


def test_a_pipe_in_the_place_of_a_file(ready: Toy) -> None:
    """It is refused, and nobody waits for a writer."""
    os.mkfifo(ready.migrations / "versions" / "pipe.py")
    with pytest.raises(InitError, match="revision-unparsable"):
        checked_graph(find_directories(ready.migrations))
