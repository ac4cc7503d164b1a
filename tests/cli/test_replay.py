"""`initdb replay`: what was known at any event, and what changed between two."""

from __future__ import annotations

import json

import pytest

from initdb.cli.output.contract import FIELDS
from initdb.events.sessions import session
from tests.cli.console import Console
from tests.support.guards import change
from tests.support.toy import Toy


@pytest.fixture
def failed(console: Console, toy: Toy) -> Toy:
    """Two runs: one that failed in its fourth revision, one that went on after a person fixed it."""
    toy.revision(4, "    op.execute(\"INSERT INTO t2 (id, name) VALUES (9, 'first of t2')\")")
    assert console("run").exit_code == 1
    toy.sql("DELETE FROM t2 WHERE id = 1")
    assert console("resume").exit_code == 0
    return toy


def events(console: Console) -> list[dict[str, object]]:
    """The stored events."""
    return [json.loads(line) for line in console("journal", "--json", "--snapshots").stdout.splitlines()]


def seq_of(console: Console, type_: str) -> int:
    """The number of the first entry of a type."""
    return next(int(str(one["seq"])) for one in events(console) if one["type"] == type_)


def test_the_end(console: Console, failed: Toy) -> None:
    """What is known now; nobody needs the models or the revisions for it."""
    for file in (failed.migrations / "versions").iterdir():
        file.unlink()
    done = console("replay")
    assert done.exit_code == 0, done.output
    lines = {line[:15].strip(): line[15:] for line in done.stdout.splitlines()[1:]}
    assert lines["state"] == "ready"
    assert lines["next"].startswith("nothing: the database was ready")
    assert lines["applied"] == "r1, r2, r3, r4"
    found = console.object("replay")
    assert found.keys() | {"from", "to", "changes"} == FIELDS["replay"].keys() | {"from", "to", "changes"}
    assert (found["outcome"], found["findings"]) == ("replayed", [])
    assert found["point"]["entry"] == failed.sql("SELECT seq FROM init_journal_head")[0][0]
    assert found["point"]["heads"] == ["r4"]


def test_at_a_failure(console: Console, failed: Toy) -> None:
    """By its number and by its time: what was applied, what was pending, and what a boot would do."""
    at = seq_of(console, "step_failed")
    point = console.object("replay", "--at", str(at))["point"]
    assert (point["entry"], point["type"], point["state"]) == (at, "step_failed", "behind")
    assert (list(point["applied"]), point["revisions_pending"]) == (["r1", "r2", "r3"], ["r4"])
    assert point["failure"].startswith("data-migration-failed in migrate")
    assert "was shown again" in point["next"] and point["run_ended"] == "failed"
    time = str(events(console)[at - 1]["at"])
    assert console.object("replay", "--at", time)["point"] == point
    human = console("replay", "--at", time).stdout
    assert human.startswith(f"entry {at}, ") and "step_failed: " in human
    now = console.object("replay")["point"]
    assert console.object("replay", "--at", "0s")["point"] == now


def test_every_event_can_be_looked_at(console: Console, failed: Toy) -> None:
    """Its state is the one that it led to."""
    for event in events(console):
        found = console.object("replay", "--at", str(event["seq"]))
        assert (found["point"]["state"], found["exit_code"]) == (event["dest"], 0)


def test_the_difference(console: Console, failed: Toy) -> None:
    """Between the failure and the end."""
    at = seq_of(console, "step_failed")
    done = console("replay", "--diff", str(at), "0s")
    assert done.exit_code == 0, done.output
    lines = [(line[:15].strip(), line[15:]) for line in done.stdout.splitlines()]
    assert lines[0][0] == "from" and lines[0][1].startswith(f"entry {at}, ")
    assert ("state", "behind → ready") in lines
    assert ("applied", "+ r4") in lines and ("pending", "- r4") in lines
    found = console.object("replay", "--diff", str(at), "0s")
    assert (found["from"]["state"], found["to"]["state"]) == ("behind", "ready")
    assert {"field": "state", "name": None, "before": "behind", "after": "ready"} in found["changes"]
    back = console.object("replay", "--diff", "0s", str(at))
    assert {"field": "state", "name": None, "before": "ready", "after": "behind"} in back["changes"]
    same = console("replay", "--diff", str(at), str(at))
    assert same.exit_code == 0 and "nothing that the journal knows has changed" in same.stdout


def test_an_impossible_history(console: Console, failed: Toy) -> None:
    """It is named at the event that broke it; what was before it is shown as ever."""
    at = seq_of(console, "migration_applied")
    with session(failed.engine()) as connection:
        statement = 'UPDATE init_journal SET event = replace(event, \'"dest":"behind"\', \'"dest":"ready"\')'
        change(connection, f"{statement} WHERE seq = {at}")
    done = console("replay")
    assert done.exit_code == 1
    assert (
        f"impossible     since entry {at}: it says that it led to ready, but its data leads to behind"
        in done.stdout
    )
    found = console.object("replay", "--at", str(at))
    assert (found["outcome"], found["exit_code"], found["findings"][0]["seq"]) == ("impossible", 1, at)
    assert found["point"]["state"] == "ready"
    assert console("replay", "--at", str(at - 1)).exit_code == 0
    assert console("replay", "--diff", str(at), str(at - 1)).exit_code == 1


def test_wrong_words(console: Console, failed: Toy) -> None:
    """What there is not, and what is neither a number nor a time."""
    for words, said in (
        (("--at", "999"), "there is no entry 999: the journal ends with entry"),
        (("--at", "2001-01-01"), "there was no entry up to 2001-01-01"),
        (("--at", "0"), "neither"),
        (("--at", "yesterday"), "neither"),
        (("--at", "1", "--diff", "1", "2"), "exclude each other"),
    ):
        done = console("replay", *words)
        assert done.exit_code == 2 and said in done.stderr, (words, done.output)


def test_an_entry_that_is_missing(console: Console, failed: Toy) -> None:
    """It is not taken for the one after it."""
    with session(failed.engine()) as connection:
        change(connection, "DELETE FROM init_journal WHERE seq = 4")
    done = console("replay", "--at", "4")
    assert done.exit_code == 2 and "entry 4 does not exist" in done.stderr


def test_without_a_journal(console: Console, toy: Toy) -> None:
    """It says so."""
    done = console("replay")
    assert done.exit_code == 1 and "journal-missing" in done.stderr
