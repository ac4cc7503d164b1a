"""`status`: what was seen, and where each field comes from."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from initdb.statemachine.decide.verdict import judge
from initdb.statemachine.render.status import LastRun, status_of
from tests.support.toy import Toy


def test_every_field_of_a_ready_database(tmp_path: Path, database_url: str) -> None:
    """Also by whom, when and why the last run was made."""
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
        len(entries),
        "health_validated",
        entries[-1].at,
    )
    assert (status.rows, status.applied, status.held, status.revisions) == (("r3",), 3, (), ())
    assert (status.application, status.journal_schema) == ("application", entries[0].data["schema"])
    assert (status.seeds, status.failure, status.changed) == (("10_t1.csv",), None, ())


def test_a_failure_is_in_it(tmp_path: Path, database_url: str) -> None:
    """Its entry, its time and the error as it is shown."""
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
