"""`initdb journal export`: every entry as it is stored, for whoever has neither initdb nor the database."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from initdb.cli.output.contract import FIELDS
from initdb.events import verify_export
from initdb.events.entry import COLUMNS, Turn, write
from initdb.events.sessions import session
from initdb.events.verify import Stored
from initdb.settings import Settings
from initdb.statemachine.exporting import export
from tests.cli.console import Console
from tests.events.journals import MOMENT, append_committed, make
from tests.support.guards import change, guards_off
from tests.support.toy import Toy


@pytest.fixture
def ready(console: Console, toy: Toy) -> Toy:
    """A database that is ready."""
    assert console("run").exit_code == 0
    return toy


def rows(toy: Toy) -> list[tuple[object, ...]]:
    """The journal, as it is stored."""
    return [tuple(row) for row in toy.sql(f"SELECT {', '.join(COLUMNS)} FROM init_journal ORDER BY seq")]


def exported(path: Path) -> list[tuple[object, ...]]:
    """The rows of a file."""
    return [tuple(json.loads(one).values()) for one in path.read_text("ascii").splitlines()]


def test_to_a_file(console: Console, ready: Toy) -> None:
    """All columns of all rows, for nobody else's eyes; what is printed is enough to verify it."""
    done = console("journal", "export", "kept.jsonl")
    assert done.exit_code == 0, done.output
    file, (last,) = console.folder / "kept.jsonl", ready.sql("SELECT hash FROM init_journal_head")[0]
    assert exported(file) == rows(ready)
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"the last with hash {last}" in done.stdout
    make_it, use_it = [one.strip() for one in done.stdout.splitlines()[-2:]]
    words, name = shlex.split(make_it.partition(" > ")[0])[1:], make_it.partition(" > ")[2]
    (console.folder / name).write_text(console(*words).stdout)
    assert use_it.startswith("python3 ")
    told = [sys.executable, "-I", "-S", *shlex.split(use_it)[1:]]
    checked = subprocess.run(told, cwd=console.folder, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (0, "intact"), checked
    assert f"{len(rows(ready))} entries, 0 checkpoints, the last hash {last}" in checked.stdout


def test_to_stdout(console: Console, ready: Toy) -> None:
    """Nothing but the entries, whichever way it is asked for."""
    console("journal", "export", "kept.jsonl")
    whole = (console.folder / "kept.jsonl").read_text("ascii")
    for words in ((), ("-",), ("--json",), ("--quiet",)):
        done = console("journal", "export", *words)
        assert (done.exit_code, done.stdout, done.stderr) == (0, whole, "")


def test_the_object_has_the_documented_fields(console: Console, ready: Toy) -> None:
    """With the number and the hash of the last entry."""
    found = console.object("journal", "export", "kept.jsonl")
    assert found.keys() == FIELDS["journal export"].keys()
    assert [found["entries"], found["hash"]] == list(ready.sql("SELECT seq, hash FROM init_journal_head")[0])


def test_an_older_export_is_completed(console: Console, ready: Toy) -> None:
    """And one that the journal has forgotten is not touched: the journal was cut or rebuilt."""
    console("journal", "export", "kept.jsonl")
    ready.revision(4, "    pass")
    assert console("run").exit_code == 0
    assert console("journal", "export", "kept.jsonl").exit_code == 0
    assert exported(console.folder / "kept.jsonl") == rows(ready)
    before = (console.folder / "kept.jsonl").read_bytes()
    engine = ready.engine()
    with session(engine) as connection:
        change(connection, "DELETE FROM init_journal WHERE seq > 9")
    engine.dispose()
    done = console("journal", "export", "kept.jsonl")
    assert done.exit_code == 1
    assert "export-refused" in done.stderr and "has more in it than this journal" in done.stderr
    assert (console.folder / "kept.jsonl").read_bytes() == before


def test_a_damaged_journal_is_exported_too(console: Console, ready: Toy) -> None:
    """It is evidence as it is: an entry is missing, and then the head too."""
    engine = ready.engine()
    with session(engine) as connection:
        change(connection, "DELETE FROM init_journal WHERE seq = 4")
    engine.dispose()
    ready.sql("DROP TABLE init_journal_head")
    assert console("journal", "export", "kept.jsonl").exit_code == 0
    assert exported(console.folder / "kept.jsonl") == rows(ready)


@pytest.mark.parametrize("content", ["x", "{}\n"])
def test_a_file_of_somebody_elses_is_not_touched(console: Console, sqlite_toy: Toy, content: str) -> None:
    """The error says how to go on, and that works when it is typed."""
    console("run")
    (console.folder / "kept.jsonl").write_text(content)
    done = console("journal", "export", "kept.jsonl")
    assert done.exit_code == 1
    assert (console.folder / "kept.jsonl").read_text() == content
    fix = re.search(r"initdb (journal export \S+)$", done.stderr, re.MULTILINE)
    assert fix and console(*shlex.split(fix[1])).exit_code == 0
    assert exported(console.folder / "kept-2.jsonl") == rows(sqlite_toy)


def test_not_to_a_file_of_the_database(console: Console, sqlite_toy: Toy) -> None:
    """Nor through a link, and nothing is done to them."""
    console("run")
    file = Path(sqlite_toy.url.removeprefix("sqlite:///"))
    (console.folder / "link").symlink_to(console.folder / "elsewhere")
    for name in (str(file), f"{file}-initdb", f"{file}-wal", "link"):
        done = console("journal", "export", name)
        assert (done.exit_code, "export-refused" in done.stderr) == (1, True), done.output
    assert not (console.folder / "elsewhere").exists()
    assert console("journal", "verify").exit_code == 0


def test_without_a_journal(console: Console, toy: Toy) -> None:
    """It says so, and makes neither the database nor the file."""
    done = console("journal", "export", "kept.jsonl")
    assert done.exit_code == 1 and "journal-missing" in done.stderr
    assert not (console.folder / "kept.jsonl").exists()


def test_the_program_needs_no_database(console: Console) -> None:
    """In an empty folder, where nothing is configured."""
    done = console("journal", "export", "--verifier")
    assert (done.exit_code, done.stdout) == (0, Path(verify_export.__file__).read_text("utf-8"))
    assert console("journal", "export", "--verifier", "kept.jsonl").exit_code == 2


def test_a_full_disk_is_no_success(console: Console, sqlite_toy: Toy) -> None:
    """What was printed is not all: the code says so."""
    console("run")
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "initdb", "journal", "export"],
            cwd=console.folder,
            env={**console.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr


def test_what_is_appended_meanwhile_is_exported(engine: Engine) -> None:
    """Nothing is locked: a process that writes does not wait."""
    journal = make(engine)
    append_committed(journal, engine)

    def slow(stored: Iterator[Stored]) -> Iterator[Stored]:
        for row in stored:
            if row.seq == 1:
                append_committed(journal, engine, more=1)
            yield row

    done = export(engine, Settings(application="shop"), slow)
    assert done.entries in (2, 3)  # of the first batch, or of the one after it
    with session(engine) as connection:
        assert done.hash == journal.hash_at(connection, done.entries)


def test_a_long_journal_needs_no_more_memory(tmp_path: Path) -> None:
    """Ten times as many entries, and the same peak."""
    peaks = []
    for number in (2_000, 20_000):
        engine = create_engine(f"sqlite:///{tmp_path / str(number)}")
        journal = make(engine)
        with session(engine) as connection:
            head = journal.head(connection)
            seq, digest, made = head.seq, head.hash, []
            while len(made) < number:
                entry = write(seq, digest, MOMENT, Turn("outage", "note", "ready", "ready"), {"n": seq})
                seq, digest = entry.seq, entry.hash
                made.append(entry.columns())
            names, values = ", ".join(COLUMNS), ", ".join(f":{name}" for name in COLUMNS)
            with guards_off(connection):
                connection.execute(text(f"INSERT INTO init_journal ({names}) VALUES ({values})"), made)
            connection.commit()
        tracemalloc.start()
        counted = export(engine, Settings(application="shop"), _pass)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert counted.entries == number + 1
        engine.dispose()
    assert peaks[1] < 1.5 * peaks[0], peaks


def _pass(stored: Iterable[Stored]) -> Iterable[Stored]:
    return stored
