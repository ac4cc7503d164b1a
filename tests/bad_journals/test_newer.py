"""What a newer initdb wrote is not damage: this version keeps it, shows it and works beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bad_journals.owner import Owner

STRANGE: dict[str, dict[str, Any]] = {
    "an unknown type": {"type": "index_polished", "trigger": "polish", "data": {"index": "i", "ms": 3}},
    "an unknown trigger": {"type": "outage", "trigger": "suffer"},
    "unknown fields": {"type": "outage", "weather": "rain", "data": {"new": [1, {"deep": None}]}},
    "data that is a list": {"type": "index_polished", "data": [1, 2]},
    "an attempt in words": {"type": "index_polished", "attempt": "third", "by": "somebody"},
    "another alphabet": {"type": "index_polished", "data": {"said": "Überraschung \u2028 \x00 \ud800"}},
}


@pytest.mark.parametrize("where", ["last", "in the middle"])
@pytest.mark.parametrize("event", STRANGE)
def test_an_event_that_this_version_does_not_know(owner: Owner, event: str, where: str) -> None:
    """A ready database stays ready, work goes on after it, and every command still shows the history."""
    owner.append(**STRANGE[event])
    if where == "in the middle":
        owner.append(type="checkpoint")
    before = owner.picture()
    assert owner.run().exit_code == 0
    assert owner.picture() == before
    owner.toy.with_seeds(6)
    assert owner.run().exit_code == 0
    entries = list(owner.toy.initializer().entries())
    assert STRANGE[event]["type"] in [entry.type for entry in entries]
    assert entries[-1].type == "health_validated"
    verified = owner.console("journal", "verify")
    assert verified.exit_code == 0, verified.output
    told = [json.loads(line) for line in owner.console("journal", "--json").stdout.splitlines()]
    assert len(told) == len(entries)
    for words in (["journal"], ["status"], ["journal", "--type", STRANGE[event]["type"]]):
        assert owner.console(*words).exit_code == 0, words


def test_a_state_that_was_passed(owner: Owner) -> None:
    """A newer version entered a state of its own and left it again, so that state no longer matters."""
    owner.append(type="index_polished", trigger="polish", dest="shining")
    owner.append(type="index_rested", trigger="rest", source="shining", dest="ready")
    owner.toy.with_seeds(6)
    assert owner.run().exit_code == 0
    assert owner.console("journal", "verify").exit_code == 0


def test_a_journal_of_a_newer_version(owner: Owner) -> None:
    """A journal with more columns, more indexes and a higher version is used, and left as it is."""
    owner.sql(
        "ALTER TABLE init_journal ADD COLUMN place TEXT", "CREATE INDEX init_journal_at ON init_journal (at)"
    )
    owner.sql("ALTER TABLE init_journal_head ADD COLUMN extra INTEGER")
    owner.tamper("UPDATE init_journal_head SET schema_version = 9")
    owner.sql("UPDATE init_journal_version SET version_num = '0009'")
    owner.toy.with_seeds(6)
    assert owner.run().exit_code == 0
    assert owner.sql("SELECT schema_version FROM init_journal_head") == [(9,)]
    assert owner.sql("SELECT version_num FROM init_journal_version") == [("0009",)]


def test_who_may_not_write_may_serve(owner: Owner) -> None:
    """Below min_writer, a boot without work succeeds, and a boot with work says what to upgrade."""
    owner.tamper("UPDATE init_journal_head SET min_writer = 2")
    assert owner.run().exit_code == 0
    owner.toy.with_seeds(6)
    done = owner.run()
    assert done.exit_code == 1
    assert "pip install --upgrade initdb-journal" in done.output
