"""`initdb journal archive`: old entries are in a file, and the history is still whole."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from initdb.cli.output.contract import FIELDS
from initdb.events import verify_export
from initdb.events.chain import GENESIS, link
from initdb.events.entry import Entry, read
from initdb.events.sessions import session
from initdb.statemachine.decide.fold import fold
from tests.cli.console import Console
from tests.support.guards import change
from tests.support.toy import Toy

WHY = ("--reason", "older than a year")


@pytest.fixture
def twice(console: Console, toy: Toy) -> Toy:
    """A database that became ready twice, so that the first time can be archived."""
    assert console("run").exit_code == 0
    toy.revision(4, "    op.execute('CREATE TABLE t9 (id INTEGER PRIMARY KEY)')")
    assert console("run").exit_code == 0
    return toy


def numbers(toy: Toy) -> list[int]:
    """The numbers of the entries in the database."""
    return [int(row[0]) for row in toy.sql("SELECT seq FROM init_journal ORDER BY seq")]


def entries(toy: Toy) -> list[Entry]:
    """The entries in the database."""
    query = "SELECT seq, event, prev_hash, hash FROM init_journal ORDER BY seq"
    return [read(*row) for row in toy.sql(query)]


def head(toy: Toy) -> int:
    """The number of the last entry."""
    return int(toy.sql("SELECT seq FROM init_journal_head")[0][0])


def archived(console: Console, before: object, file: str = "old.jsonl") -> dict[str, object]:
    """What an archive says of itself."""
    return console.object("journal", "archive", file, "--before", str(before), *WHY)


def checked(file: Path) -> subprocess.CompletedProcess[str]:
    """What the stand-alone program says of a file."""
    told = [sys.executable, "-I", "-S", verify_export.__file__, str(file)]
    return subprocess.run(told, capture_output=True, text=True, check=False)


def test_the_old_entries_move(console: Console, twice: Toy) -> None:
    """They are in the file, and only there; the history stands as a whole, and boots go on."""
    before, every = head(twice), console("journal", "--json", "--snapshots").stdout
    done = archived(console, before)
    assert done.keys() == FIELDS["journal archive"].keys()
    upto = int(str(done["upto"]))
    assert (done["outcome"], done["moved"], done["entries"]) == ("archived", upto - 1, before)
    assert numbers(twice) == [1, *range(upto + 1, head(twice) + 1)] and 2 < upto < before
    lines = [json.loads(line) for line in (console.folder / "old.jsonl").read_text().splitlines()]
    assert [json.loads(line)["seq"] for line in every.splitlines()] == [line["seq"] for line in lines]
    for more in ((), ("--archive", "old.jsonl")):
        found = console("journal", "verify", *more)
        assert found.exit_code == 0, found.output
        assert (f"entries 2 to {upto} are archived; to check them too" in found.stdout) == (not more)
        assert console.object("journal", "verify", *more)["archived"] == (None if more else upto)
    assert f"{head(twice)} entries" in found.stdout
    assert checked(console.folder / "old.jsonl").returncode == 0
    at = head(twice)
    for _ in range(2):
        assert console("run").exit_code == 0
    assert head(twice) == at
    twice.revision(5, "    op.execute('CREATE TABLE t10 (id INTEGER PRIMARY KEY)')")
    assert console("run").exit_code == 0
    said = " ".join(console("journal").stdout.split())
    assert f"moved entries 2 to {upto} to old.jsonl" in said and "older than a year" in said


def test_a_reading_from_the_beginning(console: Console, twice: Toy) -> None:
    """Whoever does not begin at a later snapshot comes over the gap to the same knowledge."""
    known = fold(entries(twice))
    archived(console, head(twice))
    now = fold(entries(twice))
    assert now.seq > known.seq and entries(twice)[1].seq > 2
    assert replace(now, seq=0, hash="", inventory=0) == replace(
        known,
        seq=0,
        hash="",
        inventory=0,
        last_type=now.last_type,
        last_at=now.last_at,
        last_data=now.last_data,
    )


def test_nothing_to_archive(console: Console, twice: Toy) -> None:
    """There is no snapshot before the second entry: no file is made, and nothing is written."""
    at = head(twice)
    done = archived(console, 2)
    assert (done["outcome"], done["exit_code"], done["upto"]) == ("nothing", 0, None)
    assert head(twice) == at and not (console.folder / "old.jsonl").exists()
    assert "nothing to archive" in console("journal", "archive", "old.jsonl", "--before", "2", *WHY).stdout
    upto = archived(console, at)["upto"]
    assert archived(console, at)["outcome"] == "nothing" and numbers(twice)[1] == int(str(upto)) + 1


def test_once_more(console: Console, twice: Toy) -> None:
    """The same file gets what it lacks, and has the whole history; another file has what was still there."""
    first = archived(console, head(twice))
    twice.revision(5, "    op.execute('CREATE TABLE t10 (id INTEGER PRIMARY KEY)')")
    assert console("run").exit_code == 0
    assert console("journal", "export", "old.jsonl").exit_code == 0
    other = console("journal", "export", "other.jsonl")
    assert other.exit_code == 0, other.output
    second = archived(console, head(twice))
    assert int(str(second["upto"])) > int(str(first["upto"]))
    for file, said in (
        ("old.jsonl", "intact"),
        ("other.jsonl", f"entries 2 to {first['upto']} are archived"),
    ):
        found = checked(console.folder / file)
        assert found.returncode == 0 and said in found.stdout, found.stdout
    assert console("journal", "verify", "--archive", "old.jsonl").exit_code == 0
    assert console("journal", "verify").exit_code == 0


def test_a_file_without_the_archived_entries(console: Console, twice: Toy) -> None:
    """An export from before them, or one whose archived entries were edited, is not continued."""
    assert console("journal", "export", "whole.jsonl").exit_code == 0
    archived(console, head(twice))
    whole = (console.folder / "whole.jsonl").read_text().splitlines(keepends=True)
    assert console("journal", "export", "whole.jsonl").exit_code == 0
    for name, lines in (
        ("short", whole[:3]),
        ("edited", [whole[0], whole[1].replace("run_", "run-"), *whole[2:]]),
    ):
        (console.folder / name).write_text("".join(lines))
        done = console("journal", "export", name)
        assert (
            done.exit_code == 1
            and "does not have the entries of this journal that were archived" in done.stderr
        )
        assert (console.folder / name).read_text() == "".join(lines)


def test_removed_by_hand(console: Console, twice: Toy) -> None:
    """Without an event that says so, entries are missing; an export tells it too."""
    for upto in (2, 3):
        with session(twice.engine()) as connection:
            change(connection, f"DELETE FROM init_journal WHERE seq > 1 AND seq <= {upto}")
        done = console("journal", "verify")
        assert done.exit_code == 1 and f"entry {upto + 1} follows entry 1: entries are missing" in done.stdout
    assert console("journal", "export", "left.jsonl").exit_code == 0
    found = checked(console.folder / "left.jsonl")
    assert found.returncode == 1 and "entries 2 to 3 are missing" in found.stdout
    done = console("journal", "archive", "old.jsonl", "--before", "0s", *WHY)
    assert (
        done.exit_code == 1
        and "error: archive-refused" in done.stderr
        and "entries are missing" in done.stderr
    )
    assert not (console.folder / "old.jsonl").exists()


def test_more_removed_than_was_archived(console: Console, twice: Toy) -> None:
    """The event says where the archive ends; what was removed after it is missing."""
    upto = int(str(archived(console, head(twice))["upto"]))
    with session(twice.engine()) as connection:
        change(connection, f"DELETE FROM init_journal WHERE seq = {upto + 1}")
    done = console("journal", "verify")
    assert done.exit_code == 1 and f"entry {upto + 2} follows entry 1" in done.stdout
    whole = console("journal", "verify", "--archive", "old.jsonl")
    assert whole.exit_code == 0, "the file has that entry too"


def test_another_first_entry(console: Console, twice: Toy) -> None:
    """Nothing that is left is chained to it, but the event has its hash."""
    archived(console, head(twice))
    first = entries(twice)[0]
    text = first.text.replace('"application":"', '"application":"not ')
    assert text != first.text
    with session(twice.engine()) as connection:
        change(
            connection,
            f"UPDATE init_journal SET event = '{text}', hash = '{link(GENESIS, text)}' WHERE seq = 1",
        )
    done = console("journal", "verify")
    assert done.exit_code == 1 and "follows entry 1: entries are missing" in done.stdout
    assert console("journal", "export", "left.jsonl").exit_code == 0
    found = checked(console.folder / "left.jsonl")
    assert found.returncode == 1 and "are missing" in found.stdout


def test_an_edited_archive(console: Console, twice: Toy) -> None:
    """The history as a whole is checked with it: an edit is found, and what is no archive is refused."""
    archived(console, head(twice))
    file = console.folder / "old.jsonl"
    file.write_text(file.read_text().replace("run_started", "run_stopped"))
    done = console("journal", "verify", "--archive", "old.jsonl")
    assert done.exit_code == 1 and "has been edited" in done.stdout
    for content, said in (("{}\n", "line 1 of old.jsonl is no entry"), (None, "No such file")):
        file.write_text(content) if content else file.unlink()
        done = console("journal", "verify", "--archive", "old.jsonl")
        assert done.exit_code == 2 and said in done.stderr


def test_an_entry_that_differs(console: Console, twice: Toy) -> None:
    """An entry that is in both is compared."""
    archived(console, head(twice))
    with session(twice.engine()) as connection:
        change(connection, f"UPDATE init_journal SET run = 'r' WHERE seq = {numbers(twice)[1]}")
    done = console("journal", "verify", "--archive", "old.jsonl")
    assert done.exit_code == 1 and f"entry {numbers(twice)[1]} is another one in the archive" in done.stdout


def test_checkpoints_and_replay(console: Console, twice: Toy) -> None:
    """What is archived is compared, and shown, with the file; without it, that is said."""
    point = console("journal", "checkpoint").stdout.strip()
    at = head(twice)
    assert twice.sql("SELECT seq FROM init_journal WHERE seq = 3")
    before = console.object("replay", "--at", "3")["point"]
    time = before["at"]
    twice.revision(5, "    op.execute('CREATE TABLE t10 (id INTEGER PRIMARY KEY)')")
    assert console("run").exit_code == 0
    assert int(str(archived(console, head(twice))["upto"])) >= at
    done = console("journal", "verify", "--checkpoint", point)
    assert done.exit_code == 1 and f"entry {at} is archived, and was not compared" in done.stdout
    done = console("journal", "verify", "--checkpoint", point, "--archive", "old.jsonl")
    assert done.exit_code == 0 and "1 of 1 checkpoints agree" in done.stdout, done.output
    for moment in ("3", time):
        done = console("replay", "--at", moment)
        assert done.exit_code == 2 and "add --archive FILE" in done.stderr, done.output
        assert console.object("replay", "--at", moment, "--archive", "old.jsonl")["point"] == before
    assert console("replay").exit_code == 0


def test_an_entry_that_was_set_aside(console: Console, twice: Toy) -> None:
    """A snapshot from before it has its effect, so the cut is after the entry that sets it aside."""
    aside = 4
    assert console("journal", "set-aside", str(aside), "--reason", "a test").exit_code == 0
    setter = next(one.seq for one in entries(twice) if one.type == "entry_set_aside")
    assert archived(console, setter - 1)["outcome"] == "nothing"
    assert archived(console, head(twice))["upto"] == setter
    known = entries(twice)
    assert known[1].type == "snapshot" and console("journal", "verify").exit_code == 0
    refused = console("journal", "set-aside", str(aside), "--reason", "again")
    assert refused.exit_code == 1 and "set-aside-refused" in refused.stderr
    assert console("run").exit_code == 0


def test_where_and_who(console: Console, twice: Toy) -> None:
    """It is an order, needs a reason, and never writes over a file of the database or of somebody else."""
    assert console("journal", "archive", "old.jsonl", "--before", "0s").exit_code == 2
    words = ("journal", "archive", "old.jsonl", "--before", "0s", *WHY)
    assert "order-refused" in console(*words, "--orders-refused", "archive").stderr
    (console.folder / "old.jsonl").write_text("mine\n")
    done = console(*words)
    assert done.exit_code == 1 and "export-refused" in done.stderr and len(numbers(twice)) == head(twice)
    fix = next(line for line in done.stderr.splitlines() if "initdb journal archive" in line)
    typed = shlex.split(fix.partition("initdb ")[2].replace("'…'", "'moved'"))
    assert console(*typed).exit_code == 0
    assert numbers(twice)[1] > 2
