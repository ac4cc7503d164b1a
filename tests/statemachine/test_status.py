"""The status: what was seen, field by field."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from initdb.errors.stored import read_stored, to_store
from initdb.events.journal import Journal
from initdb.events.knowledge import Applied, Backup, Failure, Knowledge, RunRecord, SeedRecord
from initdb.statemachine.decide.verdict import Look, Verdict, judge
from initdb.statemachine.render.status import LastRun, Status, status_of
from tests.support.toy import Toy


def test_every_field_of_a_ready_database(tmp_path: Path, database_url: str) -> None:
    """The status also says which process made the last run, when and why."""
    toy = Toy(tmp_path, database_url, options={"schema_from": "migrations"}).with_revisions().with_seeds()
    initializer = toy.initializer()
    assert initializer.initialize().success
    entries = list(initializer.entries())
    seen = initializer.look()
    status = status_of(seen, judge(seen), at_work=False)
    begun = entries[1]
    assert status.run == LastRun(
        begun.run, begun.at, socket.gethostname(), os.getpid(), "toy", begun.data["reason"], "ready"
    )
    assert (status.state, status.verdict, status.at_work) == ("ready", "ready", False)
    assert (status.entries, status.last_type, status.last_at) == (
        len(entries) + 2,  # the inventory, and the snapshot
        "health_validated",
        entries[-1].at,
    )
    assert (status.rows, status.applied, status.held, status.revisions) == (("r3",), 3, (), ())
    assert (status.application, status.journal_schema) == ("application", entries[0].data["schema"])
    assert (status.seeds, status.failure, status.changed) == (("10_t1.csv",), None, ())


def test_a_failure_is_in_it(tmp_path: Path, database_url: str) -> None:
    """The status has its entry, its time and the error as it is shown."""
    toy = Toy(tmp_path, database_url, options={"schema_from": "migrations"}).with_revisions()
    toy.revision(3, "    1 / 0")
    initializer = toy.initializer()
    initializer.initialize()
    last = list(initializer.entries())[-1]
    seen = initializer.look()
    status = status_of(seen, judge(seen), at_work=True)
    assert status.run is not None and status.run.ended == "failed" and status.at_work
    assert status.failure is not None
    assert (status.failure["seq"], status.failure["at"]) == (last.seq, last.at)
    assert status.failure["error"] == last.data["error"] and status.failure["retry_in"] is None


FAILURE = Failure(7, "seed", "then", {"reference": "seed-rejected"}, {})
KNOWN = Knowledge(
    seq=9,
    state="behind",
    application="shop",
    applied={"r1": Applied("r1", "d", "run", "t"), "r2": Applied("r2", "d", "run", "t")},
    held={"r3": "d", "r4": None},
    seeds={"a": SeedRecord("a", complete=frozenset({"d"})), "b": SeedRecord("b", partial="d")},
    last_run=RunRecord("run-1", 3, "at", {"host": "h", "pid": 41, "app": "shop"}, "changed", ended="stopped"),
    last_type="outage",
    last_at="then",
    backup=Backup("/b/1", "then"),
)
VERDICT = Verdict("failed", "again", ("models",), ("r4",), FAILURE, 2.5, ("an index is missing",))


def test_each_field_is_what_was_seen() -> None:
    """No field is computed anew."""
    seen = Look(KNOWN, {}, "c", rows=("r2",), journal=Journal("audit", "shop"), exists=True)
    assert status_of(seen, VERDICT, at_work=True) == Status(
        state="behind",
        verdict="failed",
        reason="again",
        changed=("models",),
        application="shop",
        journal_schema="audit",
        entries=9,
        at_work=True,
        last_type="outage",
        last_at="then",
        run=LastRun("run-1", "at", "h", 41, "shop", "changed", "stopped"),
        rows=("r2",),
        applied=2,
        held=("r3", "r4"),
        revisions=("r4",),
        seeds=("a",),
        failure={"seq": 7, "at": "then", "retry_in": 2.5, "error": to_store(read_stored(FAILURE.error))},
        backup="/b/1",
        edited=(),
        warnings=("an index is missing",),
    )


def test_a_run_that_is_at_work_was_not_interrupted() -> None:
    """Only its lock says which of the two it is."""
    seen = Look(KNOWN, {}, "c", exists=True)
    interrupted = Verdict("work", "interrupted")
    assert status_of(seen, interrupted, at_work=True).reason == "another process is at work on it"
    assert status_of(seen, interrupted, at_work=False).reason == "interrupted"
    assert status_of(seen, Verdict("work", "changed"), at_work=True).reason == "changed"


def test_it_is_data() -> None:
    """All of it can be written as JSON, also the run in it."""
    seen = Look(KNOWN, {}, "c", journal=Journal("audit", "shop"), exists=True)
    data: dict[str, Any] = status_of(seen, VERDICT, at_work=True).data()
    assert (data["state"], data["run"]["pid"], data["failure"]["seq"]) == ("behind", 41, 7)
    assert json.loads(json.dumps(data))["seeds"] == ["a"]


def test_without_a_journal_nothing_is_known() -> None:
    """Only the place where it would be is known."""
    seen = Look(Knowledge(), {}, None, journal=Journal("audit", "shop"))
    status = status_of(seen, Verdict("work", "first boot"), at_work=False)
    assert (status.state, status.journal_schema, status.application) == ("unknown", None, None)
    assert (status.run, status.failure, status.entries, status.at_work) == (None, None, 0, False)
    assert status_of(replace(seen, knowledge=KNOWN), VERDICT, at_work=False).state == "unknown"
