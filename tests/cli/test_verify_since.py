"""`initdb journal verify --since`: checks what was written since a checkpoint, and what leads to it."""

from __future__ import annotations

import pytest

from tests.cli.console import Console
from tests.cli.test_verify import tamper
from tests.support.toy import Toy


@pytest.fixture
def kept(console: Console, toy: Toy) -> str:
    """A checkpoint of an application that was ready, in a file; then it became ready again."""
    assert console("run").exit_code == 0
    line = str(console.object("journal", "verify")["checkpoint"])
    (console.folder / "kept").write_text(f"{line}\n")
    toy.revision(4, "    op.execute('CREATE TABLE t9 (id INTEGER PRIMARY KEY)')")
    assert console("run").exit_code == 0
    return line


def numbers(toy: Toy, what: str = "seq > 0") -> list[int]:
    """The numbers of some entries."""
    return [int(row[0]) for row in toy.sql(f"SELECT seq FROM init_journal WHERE {what} ORDER BY seq")]


def edit(toy: Toy, seq: int) -> None:
    """Edit an entry behind the triggers, and leave its hash."""
    tamper(toy, f"UPDATE init_journal SET event = replace(event, 'toy', 'tox') WHERE seq = {seq}")


def test_what_is_new_is_checked(console: Console, toy: Toy, kept: str) -> None:
    """And no more; the line that verify gives is for the next time."""
    at, last = int(kept.split()[2]), numbers(toy)[-1]
    for given in ("kept", kept):
        done = console("journal", "verify", "--since", given)
        assert done.exit_code == 0, done.output
        assert f"intact: {last - at} entries since entry {at}, the last with hash" in done.stdout
    found = console.object("journal", "verify", "--since", "kept")
    assert (found["since"], found["entries"], found["outcome"]) == (at, last - at, "intact")
    again = console.object("journal", "verify", "--since", str(found["checkpoint"]))
    assert (again["since"], again["entries"], again["hash"]) == (last, 0, found["hash"])
    whole = console.object("journal", "verify")
    assert (whole["since"], whole["entries"], whole["hash"]) == (None, last, found["hash"])
    (console.folder / "kept").open("a").write(f"{found['checkpoint']}\n")
    assert console.object("journal", "verify", "--since", "kept")["entries"] == 0, "the last one counts"


def test_an_edit_since_then(console: Console, toy: Toy, kept: str) -> None:
    """It is found, and no checkpoint is given for the next time."""
    seq = numbers(toy)[-2]
    edit(toy, seq)
    found = console.object("journal", "verify", "--since", "kept")
    assert [one["seq"] for one in found["findings"]] == [seq] and found["checkpoint"] is None
    assert "1 findings in" in console("journal", "verify", "--since", "kept").stdout


def test_an_edit_before_it(console: Console, toy: Toy, kept: str) -> None:
    """What came before the snapshot is not read: that is what checking all of it is for."""
    edit(toy, 3)
    assert console("journal", "verify", "--since", "kept").exit_code == 0
    assert console("journal", "verify").exit_code == 1


def test_an_edit_between_the_snapshot_and_the_checkpoint(console: Console, toy: Toy, kept: str) -> None:
    """The chain has to lead from the snapshot to the checkpoint: all of that is read again."""
    line = console("journal", "checkpoint").stdout
    toy.revision(5, "    op.execute('SELECT wrong')")
    assert console("run").exit_code == 1
    late = str(console.object("journal", "verify")["checkpoint"])
    assert int(late.split()[2]) > int(line.split()[2])
    seq = numbers(toy)[-2]
    edit(toy, seq)
    found = console.object("journal", "verify", "--since", late)
    assert [one["seq"] for one in found["findings"]] == [seq] and found["since"] < seq


@pytest.mark.parametrize("wrong", ["another hash", "another journal", "later"])
def test_a_checkpoint_of_another_journal(console: Console, toy: Toy, kept: str, wrong: str) -> None:
    """All of it is checked, and the checkpoint is a finding."""
    word, journal, seq, digest, *rest = kept.split()
    journal = "another" if wrong == "another journal" else journal
    digest = "ab" * 32 if wrong == "another hash" else digest
    seq = "99" if wrong == "later" else seq
    found = console.object("journal", "verify", "--since", " ".join((word, journal, seq, digest, *rest)))
    assert (found["since"], found["entries"], found["exit_code"]) == (None, numbers(toy)[-1], 1)
    assert [one["seq"] for one in found["findings"]] == [int(seq)]


def test_a_checkpoint_that_nobody_signed(console: Console, toy: Toy, kept: str) -> None:
    """With a key it is trusted only if its signature is good."""
    (console.folder / "key.pub").write_text(console("journal", "checkpoint", "--new-key", "key.pem").stdout)
    found = console.object("journal", "verify", "--since", "kept", "--public-key", "key.pub")
    assert (found["since"], found["exit_code"]) == (None, 1)
    assert "not signed" in found["findings"][0]["text"]
    signed = console("journal", "checkpoint", "--checkpoint-key", "key.pem").stdout.strip()
    found = console.object("journal", "verify", "--since", signed, "--public-key", "key.pub")
    assert (found["since"], found["exit_code"]) == (numbers(toy)[-1], 0)


def test_an_entry_that_was_set_aside_since(console: Console, toy: Toy, kept: str) -> None:
    """What follows from the entries before the checkpoint is then something else, so all are read."""
    assert console("journal", "set-aside", "4", "--reason", "a test").exit_code == 0
    found = console.object("journal", "verify", "--since", "kept")
    assert (found["since"], found["outcome"]) == (None, "intact")
    later = console.object("journal", "verify", "--since", str(found["checkpoint"]))
    assert later["since"] == numbers(toy, "type = 'snapshot'")[-1] and later["outcome"] == "intact"
    assert console("journal", "set-aside", str(later["since"] - 2), "--reason", "a test").exit_code == 0
    assert console.object("journal", "verify", "--since", "kept")["outcome"] == "intact"


def test_a_checkpoint_from_before_any_snapshot(console: Console, toy: Toy, kept: str) -> None:
    """There is nothing to begin with, so all of it is checked."""
    digest = toy.sql("SELECT hash FROM init_journal WHERE seq = 3")[0][0]
    word, journal, _, _, *rest = kept.split()
    found = console.object("journal", "verify", "--since", " ".join((word, journal, "3", digest, *rest)))
    assert (found["since"], found["entries"], found["outcome"]) == (None, numbers(toy)[-1], "intact")


def test_a_snapshot_that_lies(console: Console, toy: Toy, kept: str) -> None:
    """One since the checkpoint is compared with the fold that goes on from the one before it."""
    seq = numbers(toy, "type = 'snapshot'")[-1]
    tamper(
        toy, f"UPDATE init_journal SET event = replace(event, '\"tries\":0', '\"tries\":7') WHERE seq = {seq}"
    )
    found = console.object("journal", "verify", "--since", "kept")
    assert "is a snapshot, but not of what the entries before it say" in [
        one["text"] for one in found["findings"]
    ]


def test_with_an_archive(console: Console, toy: Toy, kept: str) -> None:
    """A checkpoint of what was archived is compared with it; then all is checked."""
    done = console.object("journal", "archive", "old.jsonl", "--before", "0s", "--reason", "old")
    assert int(str(done["upto"])) >= int(kept.split()[2])
    for words, code in (((), 1), (("--archive", "old.jsonl"), 0)):
        found = console.object("journal", "verify", "--since", "kept", *words)
        assert (found["since"], found["exit_code"]) == (None, code), words


def test_what_cannot_be_read(console: Console, toy: Toy, kept: str) -> None:
    """What is no checkpoint is a usage error. One that is damaged is a finding, and all is checked."""
    for given in ("nowhere", "initdb.toml", ""):
        done = console("journal", "verify", "--since", given)
        assert done.exit_code == 2 and "--since" in done.stderr
    found = console.object("journal", "verify", "--since", kept[:-40])
    assert (found["since"], found["exit_code"], len(found["damaged"])) == (None, 1, 1)
    both = console.object(
        "journal", "verify", "--since", "kept", "--checkpoint", kept, "--checkpoint", "kept"
    )
    assert (both["since"], len(both["checkpoints"])) == (int(kept.split()[2]), 1)
