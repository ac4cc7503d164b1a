"""`initdb journal checkpoint`, and what `initdb journal verify --checkpoint` finds with it."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from initdb.cli.output.contract import FIELDS
from initdb.events.chain import GENESIS, link
from initdb.events.checkpoint import Checkpoint, checkpoints_in
from initdb.events.sessions import session
from tests.cli.console import Console
from tests.support.guards import change
from tests.support.toy import Toy


@pytest.fixture
def ready(console: Console, toy: Toy) -> Toy:
    """A database that is ready, and a pair of keys."""
    assert console("run").exit_code == 0
    return with_key(console, toy)


@pytest.fixture
def sqlite_ready(console: Console, sqlite_toy: Toy) -> Toy:
    """The same on SQLite."""
    assert console("run").exit_code == 0
    return with_key(console, sqlite_toy)


def with_key(console: Console, toy: Toy) -> Toy:
    made = console("journal", "checkpoint", "--new-key", "key.pem")
    assert made.exit_code == 0
    (console.folder / "key.pub").write_text(made.stdout)
    return toy


def checkpoint(console: Console, *words: str) -> str:
    """The line, signed."""
    done = console("journal", "checkpoint", "--checkpoint-key", "key.pem", *words)
    assert done.exit_code == 0, done.output
    return done.stdout


def verify(console: Console, *points: str, keys: tuple[str, ...] = ("key.pub",)) -> tuple[int, str]:
    """The exit code, and what is printed."""
    words = [word for one in points for word in ("--checkpoint", one)]
    words += [word for one in keys for word in ("--public-key", one)]
    done = console("journal", "verify", *words)
    return done.exit_code, done.output


def tamper(toy: Toy, *statements: str) -> None:
    """Change the journal behind its triggers."""
    engine = toy.engine()
    with session(engine) as connection:
        change(connection, *statements)


def cut(toy: Toy, last: int) -> None:
    """Cut the tail off, together with the head: the chain does not show that."""
    digest = toy.sql(f"SELECT hash FROM init_journal WHERE seq = {last}")[0][0]
    tamper(
        toy,
        f"DELETE FROM init_journal WHERE seq > {last}",
        f"UPDATE init_journal_head SET seq = {last}, hash = '{digest}'",
    )


def rebuild(toy: Toy, old: str, new: str) -> None:
    """Change a word in all events, and make the chain anew: the chain does not show that."""
    digest, statements = GENESIS, []
    for seq, event in toy.sql("SELECT seq, event FROM init_journal ORDER BY seq"):
        text = str(event).replace(old, new)
        before, digest = digest, link(digest, text)
        quoted = text.replace("'", "''").replace("%", "%%" if toy.url.startswith("postgresql") else "%")
        statements.append(
            f"UPDATE init_journal SET event = '{quoted}', prev_hash = '{before}', hash = '{digest}'"
            f" WHERE seq = {seq}"
        )
    tamper(toy, *statements, f"UPDATE init_journal_head SET hash = '{digest}'")


def test_the_line(console: Console, ready: Toy) -> None:
    """It says the last entry; it is printed alone, also with --quiet; unsigned, that is said."""
    line = checkpoint(console)
    (point,) = checkpoints_in(line)
    assert isinstance(point, Checkpoint)
    assert [point.seq, point.hash] == list(ready.sql("SELECT seq, hash FROM init_journal_head")[0])
    assert line == f"{point.line}\n"
    plain = console("journal", "checkpoint", "--quiet")
    assert plain.stdout.endswith(" unsigned\n") and plain.stdout.count("\n") == 1
    assert "not signed" in plain.stderr
    found = console.object("journal", "checkpoint", "--checkpoint-key", "key.pem")
    assert found.keys() == FIELDS["journal checkpoint"].keys()
    assert (found["entry"], found["hash"], found["signed"]) == (point.seq, point.hash, True)


def test_an_honest_journal_agrees(console: Console, ready: Toy) -> None:
    """With a line, with a file that got more of them, and after the journal went on."""
    line = checkpoint(console, "--checkpoint-file", "points")
    ready.revision(4, "    pass")
    assert console("run").exit_code == 0
    checkpoint(console, "--checkpoint-file", "points")
    code, said = verify(console, line, "points")
    assert code == 0 and "2 of 2 checkpoints agree" in said
    code, said = verify(console, line, keys=())
    assert code == 0 and "no signature was checked" in said
    found = console.object("journal", "verify", "--checkpoint", "points", "--public-key", "key.pub")
    assert [(one["signature"], one["finding"]) for one in found["checkpoints"]] == [("good", None)] * 2


def test_a_tail_that_was_cut_off(console: Console, ready: Toy) -> None:
    """Together with the head, so that nothing else finds it."""
    line = checkpoint(console)
    last = ready.sql("SELECT seq FROM init_journal_head")[0][0]
    cut(ready, 6)
    assert console("journal", "verify").exit_code == 0
    code, said = verify(console, line)
    assert code == 1
    assert f"entry {last} is missing: the checkpoint of " in said
    assert "the journal ends with 6; not explained by the journal" in said
    found = console.object("journal", "verify", "--checkpoint", line, "--public-key", "key.pub")
    assert (found["outcome"], len(found["findings"]), found["exit_code"]) == ("findings", 1, 1)


def test_a_chain_that_was_built_anew(console: Console, ready: Toy) -> None:
    """Whole, so that nothing else finds it."""
    line = checkpoint(console)
    rebuild(ready, "r2", "rX")
    assert console("journal", "verify").exit_code == 0
    code, said = verify(console, line)
    assert code == 1
    assert (
        "is not the entry of the checkpoint of " in said and "the chain was built anew; not explained" in said
    )


def test_a_restored_backup(console: Console, sqlite_ready: Toy) -> None:
    """It looks like an attack, but an entry explains it; an older checkpoint agrees."""
    database = Path(sqlite_ready.url.removeprefix("sqlite:///"))
    before = checkpoint(console)
    shutil.copy(database, console.folder / "test.db.20261123T080641Z.backup")
    engine = sqlite_ready.engine()
    engine.dispose()
    sqlite_ready.revision(4, "    pass")
    assert console("run").exit_code == 0
    lost = checkpoint(console)
    backup = str(console.folder / "test.db.20261123T080641Z.backup")
    done = console("restore", backup, "--yes")
    assert done.exit_code == 0, done.output
    assert verify(console, before)[0] == 0
    code, said = verify(console, before, lost)
    assert code == 1
    assert "consistent with a restore recorded at entry" in said and "1 of 2 checkpoints agree" in said
    assert console("run").exit_code == 0
    code, said = verify(console, lost)
    assert code == 1 and "is not the entry of the checkpoint" in said and "consistent with a restore" in said


def test_another_journal(console: Console, ready: Toy) -> None:
    """It was thrown away, and begun anew."""
    line = checkpoint(console)
    assert console("eject", "--to", "old.jsonl", "--yes").exit_code == 0
    assert console("run").exit_code == 0
    code, said = verify(console, line)
    assert code == 1 and "it was begun anew, or the checkpoint is of another database" in said


def test_signatures(console: Console, sqlite_ready: Toy) -> None:
    """A forged, an unsigned and a strange one are findings as soon as a key is given."""
    line = checkpoint(console)
    sqlite_ready.revision(4, "    pass")
    assert console("run").exit_code == 0
    (point,) = checkpoints_in(line)
    (later,) = checkpoints_in(checkpoint(console))
    assert isinstance(point, Checkpoint) and isinstance(later, Checkpoint)
    forged = line.replace(point.hash, "ab" * 32)
    unsigned = console("journal", "checkpoint").stdout
    other = console("journal", "checkpoint", "--new-key", "other.pem").stdout
    (console.folder / "other.pub").write_text(other)
    for one, words in (
        (forged, "whose signature is wrong"),
        (f"{later.body} {point.seal}", "whose signature is wrong"),
        (unsigned, "that is not signed"),
        (line[:-20], "has a checkpoint that is damaged"),
    ):
        code, said = verify(console, one)
        assert code == 1 and words in said, (one, said)
    code, said = verify(console, line, keys=("other.pub",))
    assert code == 1 and "signed with another key" in said
    assert verify(console, line, keys=("other.pub", "key.pub"))[0] == 0
    code, said = verify(console, unsigned, keys=())
    assert code == 0 and "prove as much as the place" in said
    assert verify(console, forged, keys=())[0] == 1


def test_wrong_words(console: Console, sqlite_ready: Toy) -> None:
    """Nothing is compared with what is no checkpoint, and no key is taken for another kind of file."""
    (console.folder / "empty").write_text("nothing\n")
    line = checkpoint(console)
    for words, said in (
        (["--checkpoint", "empty"], "there is no checkpoint in empty"),
        (["--checkpoint", "missing"], "missing: No such file"),
        (["--checkpoint", line, "--public-key", "empty"], "no public key"),
        (["--checkpoint", line, "--public-key", "key.pem"], "no public key"),
        (["--public-key", "key.pub"], "--public-key needs --checkpoint"),
    ):
        done = console("journal", "verify", *words)
        assert done.exit_code == 2 and said in done.stderr, done.output


def test_places(console: Console, sqlite_ready: Toy) -> None:
    """The configured ones get it too. If one does not, the line is printed all the same; the code is 1."""
    (console.folder / "take.sh").write_text("#!/bin/sh\ncat > taken\n")
    (console.folder / "take.sh").chmod(0o700)
    command = str(console.folder / "take.sh")
    line = checkpoint(console, "--checkpoint-file", "points", "--checkpoint-command", command)
    assert (console.folder / "points").read_text() == (console.folder / "taken").read_text() == line
    done = console("journal", "checkpoint", "--checkpoint-file", "no/points", "--checkpoint-command", "false")
    assert done.exit_code == 1
    assert done.stdout.startswith("initdb-checkpoint-v1 ")
    assert "checkpoint-not-written" in done.stderr
    assert "no/points: No such file" in done.stderr and "false ended with exit code 1" in done.stderr


def test_the_public_key_of_a_private_one(console: Console, sqlite_ready: Toy) -> None:
    """The same that was printed when it was made."""
    done = console("journal", "checkpoint", "--public-key", "--checkpoint-key", "key.pem")
    assert (done.exit_code, done.stdout) == (0, (console.folder / "key.pub").read_text())
    found = console.object("journal", "checkpoint", "--new-key", "another.pem")
    assert found["public_key"].startswith("-----BEGIN PUBLIC KEY-----")


def test_a_tampered_end_gets_no_checkpoint(console: Console, ready: Toy) -> None:
    """A line would vouch for it."""
    tamper(ready, "UPDATE init_journal SET event = replace(event, 'ready', 'REady') WHERE seq = 9")
    last = ready.sql("SELECT seq FROM init_journal_head")[0][0]
    tamper(ready, f"UPDATE init_journal SET event = replace(event, '20', '21') WHERE seq = {last}")
    done = console("journal", "checkpoint")
    assert done.exit_code == 1 and "journal-tampered" in done.stderr
    assert "initdb-checkpoint" not in done.stdout


def test_without_a_journal(console: Console, toy: Toy) -> None:
    """It says so."""
    done = console("journal", "checkpoint")
    assert done.exit_code == 1 and "journal-missing" in done.stderr


def test_a_boot_writes_it(console: Console, sqlite_toy: Toy) -> None:
    """As the help says, with all that is typed there."""
    text = console("journal", "checkpoint", "--help").stdout
    made, _, used = [one.strip() for one in re.findall(r"^ +(initdb journal .*)$", text, re.MULTILINE)]
    words, public = made.split(" > ")
    (console.folder / public).write_text(console(*shlex.split(words)[1:]).stdout)
    settings = console.folder / "initdb.toml"
    settings.write_text(
        settings.read_text()
        + 'checkpoint_when = "ready"\ncheckpoint_key = "checkpoint.pem"\ncheckpoint_file = "points"\n'
    )
    assert console("run").exit_code == 0
    (point,) = checkpoints_in((console.folder / "points").read_text())
    assert isinstance(point, Checkpoint)
    assert [point.seq] == list(sqlite_toy.sql("SELECT seq FROM init_journal_head")[0])
    done = console(*shlex.split(used.replace("/mnt/other/checkpoints", "points"))[1:])
    assert done.exit_code == 0, done.output
