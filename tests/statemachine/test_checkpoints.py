"""What a checkpoint says of a journal that has changed since, and where checkpoints go."""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.events.chain import GENESIS
from initdb.events.checkpoint import Checkpoint, checkpoint_of, checkpoints_in
from initdb.events.entry import Entry, Moment, Turn, write
from initdb.events.knowledge import Knowledge
from initdb.events.payloads.form import Payload
from initdb.events.payloads.notes import DatabaseRestored, HistoryRewound
from initdb.events.payloads.work import HealthValidated
from initdb.events.signing import make_key
from initdb.settings import Settings
from initdb.statemachine.decide.checkpoints import Facts, Rewind, compared, rewinds_in
from initdb.statemachine.loop import checkpoints
from initdb.statemachine.loop.at_ready import at_ready
from initdb.statemachine.loop.checkpoints import deliver, delivered, make, take
from initdb.statemachine.loop.order import Report
from initdb.statemachine.loop.outcome import Outcome
from tests.support.examples import some
from tests.support.toy import Toy

NOW = datetime(2026, 11, 23, 8, 6, 41, tzinfo=UTC)
AT, LATER = "2026-11-23T08:06:41.000000Z", "2026-11-23T09:06:41.000000Z"
POINT = checkpoint_of("j", 7, "ab" * 32, AT)
SAME = Facts("j", 9, {7: "ab" * 32})
OTHER = Facts("j", 9, {7: "cd" * 32})
CUT = Facts("j", 5)


def test_one_that_agrees() -> None:
    """Also if it is of the last entry, or if the id of the journal cannot be read."""
    for facts in (SAME, replace(SAME, last=7), replace(SAME, journal=None)):
        assert compared(POINT, facts) is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (CUT, f"is missing: the checkpoint of {AT} has it, and the journal ends with 5"),
        (OTHER, f"is not the entry of the checkpoint of {AT}: the chain was built anew"),
        (Facts("j", 9), f"is not the entry of the checkpoint of {AT}: the chain was built anew"),
    ],
)
def test_what_was_cut_off_or_built_anew(facts: Facts, words: str) -> None:
    """A restore explains it that came after the checkpoint and threw its entry away, and no other."""
    rewind = Rewind(5, LATER, kept=4, lost=9)
    assert compared(POINT, facts) == f"{words}; not explained by the journal"
    for explains in (rewind, replace(rewind, lost=7), replace(rewind, lost=None), replace(rewind, kept=6)):
        said = compared(POINT, replace(facts, rewinds=(Rewind(2, AT, 1, 1), explains)))
        kept = explains.kept
        assert (
            said
            == f"{words}; consistent with a restore recorded at entry 5, which kept the entries up to {kept}"
        )
    for other in (
        replace(rewind, kept=7),
        replace(rewind, lost=6),
        replace(rewind, at="2026-11-22T00:00:00Z"),
    ):
        assert compared(POINT, replace(facts, rewinds=(other,))) == f"{words}; not explained by the journal"


def test_one_of_another_journal() -> None:
    """Whatever the entries say."""
    said = compared(POINT, replace(SAME, journal="k"))
    assert said is not None and "of the journal j; this is the journal k" in said


def test_what_the_journal_says_of_restores() -> None:
    """Of a restore the last lost entry is known; a failover may have lost more than was seen."""
    entries = [
        _entry(1, HistoryRewound(was=8, is_=3)),
        _entry(2, DatabaseRestored(backup="b", was=9, is_=4)),
        _entry(3, DatabaseRestored(backup="b", is_=4)),
    ]
    assert rewinds_in(entries) == (Rewind(1, AT, 3), Rewind(2, AT, 4, 9), Rewind(3, AT, 4))


def _entry(seq: int, payload: Payload) -> Entry:
    moment = Moment("run", AT, 1, {})
    return write(seq - 1, GENESIS, moment, Turn(payload.type, "note", "ready", "ready"), payload.data())


@some
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(0, 30))
def test_nothing_hides_a_change_but_what_would_have_made_it(
    seq: int, last: int, kept: int, lost: int
) -> None:
    """Any numbers: an entry that is as it was never is a finding, and one that is not always is."""
    point = replace(POINT, seq=seq)
    facts = Facts("j", last, {seq: "ab" * 32} if seq <= last else {}, (Rewind(1, LATER, kept, lost),))
    assert (compared(point, facts) is None) == (seq <= last)
    said = compared(point, replace(facts, hashes={}))
    assert said is not None
    assert ("consistent with" in said) == (kept < seq <= lost)


def test_to_a_file(tmp_path: Path) -> None:
    """Each is a line of its own, also after one that was torn; nobody else can read it."""
    file = tmp_path / "points"
    settings = Settings(checkpoint_file=file)
    assert list(deliver(POINT, settings)) == []
    file.write_text(f"{file.read_text()}{POINT.line[:30]}")
    assert list(deliver(replace(POINT, seq=8), settings)) == []
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(checkpoints_in(file.read_text())) == [POINT, 2, replace(POINT, seq=8)]


def test_to_a_file_that_is_none(tmp_path: Path) -> None:
    """A link is not followed, a pipe not waited for; each is a warning."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    for name, why in (
        ("link", "symbolic links"),
        ("pipe", "no regular file"),
        (".", "directory"),
        ("x/y", "No such"),
    ):
        (said,) = deliver(POINT, Settings(checkpoint_file=tmp_path / name))
        assert why in said and str(tmp_path / name) in said
    assert not (tmp_path / "target").exists()


def test_to_a_command(tmp_path: Path) -> None:
    """It has the line on its stdin, and no shell reads its words."""
    program = tmp_path / "take it"
    program.write_text(f"#!{sys.executable}\nimport sys\nopen(sys.argv[1], 'w').write(sys.stdin.read())\n")
    program.chmod(0o700)
    settings = Settings(checkpoint_command=f"'{program}' '{tmp_path}/$(id) out'")
    assert list(deliver(POINT, settings)) == []
    assert (tmp_path / "$(id) out").read_text() == f"{POINT.line}\n"


def test_a_command_that_fails(tmp_path: Path) -> None:
    """It is named with its last words; one that reads nothing is no failure."""
    shell = "sh -c 'echo trouble >&2; exit 3'"
    assert list(deliver(POINT, Settings(checkpoint_command=shell))) == [
        "checkpoint_command: sh ended with exit code 3"
    ]
    assert list(deliver(POINT, Settings(checkpoint_command="no-such-program"))) == [
        "checkpoint_command: there is no program no-such-program in PATH"
    ]
    assert list(deliver(POINT, Settings(checkpoint_command="true"))) == []


def test_a_command_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended with all that it has started."""
    monkeypatch.setattr(checkpoints, "LIMIT", 0.1)
    begun = time.monotonic()
    (said,) = deliver(
        POINT, Settings(checkpoint_command=f"sh -c 'echo $$ > {tmp_path}/pid; sleep 600 & wait'")
    )
    assert "took longer than 0.1 s" in said and time.monotonic() - begun < 5
    group = int((tmp_path / "pid").read_text())
    left = [one for one in psutil.process_iter() if _is_of(one, group)]
    assert not left


def _is_of(process: psutil.Process, group: int) -> bool:
    """Whether it lives, and is of a process group."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and os.getpgid(process.pid) == group
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False


def test_to_the_logger(caplog: pytest.LogCaptureFixture) -> None:
    """Always; the application decides whether anybody hears it."""
    with caplog.at_level(logging.INFO, "initdb.checkpoint"):
        assert list(deliver(POINT, Settings())) == []
    assert [(one.name, one.getMessage()) for one in caplog.records] == [("initdb.checkpoint", POINT.line)]


def test_a_key_that_cannot_be_used_is_no_failure_of_a_run(tmp_path: Path) -> None:
    """It is a warning that says what to type, and nothing unsigned is written instead."""
    settings = Settings(checkpoint_key=tmp_path / "missing", checkpoint_file=tmp_path / "points")
    (said,) = delivered(settings, Knowledge(7, "ab" * 32), NOW)
    assert said.startswith("No checkpoint was written: ") and "--new-key" in said
    assert not (tmp_path / "points").exists()


def test_nobody_who_takes_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Settings that ask for checkpoints and name no place for them."""
    known = Knowledge(7, "ab" * 32)
    with caplog.at_level(logging.WARNING, "initdb.checkpoint"):
        assert delivered(Settings(), known, NOW) == (
            "The checkpoint went nowhere: set checkpoint_file or checkpoint_command",
        )
    with caplog.at_level(logging.INFO, "initdb.checkpoint"):
        assert delivered(Settings(), known, NOW) == ()


class TestARun:
    """With checkpoint_when = "ready"."""

    def points(self, file: Path) -> list[Checkpoint | int]:
        return list(checkpoints_in(file.read_text())) if file.exists() else []

    def toy(self, folder: Path, url: str) -> Toy:
        options = {"checkpoint_when": "ready", "checkpoint_file": folder / "points", "schema_from": None}
        return Toy(folder, url, 2, options).with_revisions()

    def test_each_that_makes_it_ready_writes_one(self, tmp_path: Path, database_url: str) -> None:
        """Of what was committed. A boot that finds it ready, and a run that fails, write none."""
        make_key(tmp_path / "key.pem")
        toy = self.toy(tmp_path, database_url)
        toy.options["checkpoint_key"] = tmp_path / "key.pem"
        assert toy.initializer().initialize().warnings == []
        head = toy.sql("SELECT seq, hash FROM init_journal_head")[0]
        (point,) = self.points(tmp_path / "points")
        assert isinstance(point, Checkpoint)
        assert ((point.seq, point.hash), point.seal[:8]) == (tuple(head), "ed25519:")
        initializer = toy.initializer()
        taken = take(initializer.engine, initializer.settings, NOW)
        assert (taken.journal, taken.seq, taken.hash) == (point.journal, point.seq, point.hash)
        assert toy.initializer().initialize().success
        toy.revision(3, "    raise ValueError('no')")
        assert not toy.initializer().initialize().success
        assert self.points(tmp_path / "points") == [point]
        toy.revision(3, "    pass")
        assert toy.initializer().initialize().success
        assert len(self.points(tmp_path / "points")) == 2

    def test_only_the_process_that_made_it_ready_writes_one(self, tmp_path: Path, sqlite_url: str) -> None:
        """A run that was cut off, and that another process has brought to its end, writes none."""
        site = self.toy(tmp_path, sqlite_url).initializer().site
        known, report = Knowledge(7, "ab" * 32, "ready", "j"), Report("run")
        report.entries.append(_entry(1, HistoryRewound(was=8, is_=3)))
        assert at_ready(site, Outcome("ready", knowledge=known, report=report)) == ()
        assert self.points(tmp_path / "points") == []
        report.entries.append(_entry(2, HealthValidated(checks={})))
        assert at_ready(site, Outcome("failed", knowledge=known, report=report)) == ()
        assert self.points(tmp_path / "points") == []
        assert at_ready(site, Outcome("ready", knowledge=known, report=report)) == ()
        assert len(self.points(tmp_path / "points")) == 1

    def test_what_does_not_work_is_a_warning(self, tmp_path: Path, sqlite_url: str) -> None:
        """The database is ready in any case."""
        toy = self.toy(tmp_path, sqlite_url)
        toy.options["checkpoint_file"] = tmp_path / "no" / "folder"
        result = toy.initializer().initialize()
        assert result.success
        (warning,) = result.warnings
        assert "No such file or directory" in warning

    def test_only_if_it_was_asked_for(self, tmp_path: Path, sqlite_url: str) -> None:
        """By default a place alone asks for nothing."""
        toy = self.toy(tmp_path, sqlite_url)
        toy.options["checkpoint_when"] = "asked"
        assert toy.initializer().initialize().success
        assert self.points(tmp_path / "points") == []


def test_the_time_is_that_of_the_clock() -> None:
    """In UTC, in the form that entries have."""
    assert make(Settings(), "j", 7, "ab" * 32, NOW) == POINT
