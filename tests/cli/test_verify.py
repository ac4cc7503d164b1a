"""`initdb journal verify`: what it finds and what it prints."""

from __future__ import annotations

import pytest

from initdb.cli.output.contract import FIELDS
from tests.cli.console import Console
from tests.support.guards import without_guards
from tests.support.toy import Toy


@pytest.fixture
def ready(console: Console, toy: Toy) -> Toy:
    """A database that is ready."""
    assert console("run").exit_code == 0
    return toy


def tamper(toy: Toy, *statements: str) -> None:
    """Change the journal behind its triggers."""
    engine = toy.engine()
    with engine.begin() as connection:
        without_guards(connection, *statements)
    engine.dispose()


def test_an_untouched_journal_is_intact(console: Console, ready: Toy) -> None:
    """0, how many entries, and the last hash, to be kept elsewhere."""
    done = console("journal", "verify")
    assert done.exit_code == 0
    assert done.stdout.startswith("intact: ")
    found = console.object("journal", "verify")
    assert found.keys() == FIELDS["journal verify"].keys()
    assert (found["outcome"], found["findings"]) == ("intact", [])
    assert found["hash"] == ready.sql("SELECT hash FROM init_journal_head")[0][0]


@pytest.mark.parametrize(
    ("statement", "seq", "words"),
    [
        ("UPDATE init_journal SET event = replace(event, 'r2', 'rX') WHERE seq = 5", 5, "has been edited"),
        ("UPDATE init_journal SET type = 'outage' WHERE seq = 5", None, None),
        ("UPDATE init_journal SET dest = 'ready' WHERE seq = 4", 4, "column dest"),
        ("DELETE FROM init_journal WHERE seq = 4", 5, "missing or doubled"),
        ("DELETE FROM init_journal WHERE seq = 9", 8, "the tail was cut"),
        ("DELETE FROM init_journal_head", 9, "the head row is missing"),
    ],
)
def test_what_was_changed_is_found(
    console: Console, ready: Toy, statement: str, seq: int | None, words: str | None
) -> None:
    """1, the entry, and what is wrong with it."""
    tamper(ready, statement)
    done = console("journal", "verify")
    assert done.exit_code == 1, done.output
    if seq is not None and words is not None:
        assert f"entry {seq} " in done.stdout
        assert words in done.stdout
    assert console.object("journal", "verify")["outcome"] == "findings"


def test_missing_triggers_are_a_finding(console: Console, ready: Toy) -> None:
    """The chain is intact, but nobody guards it."""
    on = "init_journal" if ready.url.startswith("postgresql") else ""
    name = "init_journal_append"
    ready.sql(f"DROP TRIGGER {name} ON {on}" if on else f"DROP TRIGGER {name}")
    done = console("journal", "verify")
    assert done.exit_code == 1
    assert name in done.stdout


def test_a_missing_head_table_is_a_finding(console: Console, ready: Toy) -> None:
    """Half a journal can still be checked."""
    ready.sql("DROP TABLE init_journal_head")
    done = console("journal", "verify")
    assert done.exit_code == 1
    assert "the head row is missing" in done.stdout
