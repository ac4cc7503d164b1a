"""`initdb journal` shows what happened, when, where, and why it failed."""

from __future__ import annotations

import json
import os
import signal
import socket
from datetime import UTC, datetime, timedelta

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.cli.entries.filters import Filters, leading_to_failures, since
from initdb.events.chain import GENESIS
from initdb.events.entry import Entry, Turn, write
from initdb.events.sessions import session
from tests.cli.console import Console
from tests.events.journals import MOMENT
from tests.support.examples import many
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


def test_it_tells_what_happened_when_where_and_why_it_failed(console: Console, failed: Toy) -> None:
    """Runs apart; a line has number, time, host and process, states, event; the error as it was shown."""
    story = console("journal").stdout
    runs = story.split("\n\nrun ")
    assert len(runs) == 2
    lines = runs[0].splitlines()
    assert lines[0].startswith("run 01")
    here = f"{socket.gethostname()}/{os.getpid()}"
    began = lines[2]
    assert began.split()[0] == "2"
    assert here in began
    assert "run_started" in began
    assert "began: first boot" in began
    applied = next(line for line in lines if "r2" in line)
    assert "behind → " not in applied
    assert " behind " in applied
    assert "migration_applied" in applied
    failure = story[story.index("step_failed") :]
    assert "| error: data-migration-failed" in failure
    assert "004_r4.py" in failure
    assert "| fix: " in failure
    assert "a person ordered: retry the failure of entry" in runs[1]
    assert "health_validated" in runs[1].splitlines()[-1]


def test_json_is_the_stored_events(console: Console, failed: Toy) -> None:
    """A line each, byte for byte what is in the database: it can be exported and verified elsewhere."""
    lines = console("journal", "--json", "--snapshots").stdout.splitlines()
    assert lines == [row[0] for row in failed.sql("SELECT event FROM init_journal ORDER BY seq")]
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))


def test_filters(console: Console, failed: Toy) -> None:
    """By run, type, state, time and number; several of a kind are alternatives, several kinds all hold."""

    def kinds(*words: str) -> list[str]:
        done = console("journal", "--json", *words)
        assert done.exit_code == 0, done.output
        return [json.loads(line)["type"] for line in done.stdout.splitlines()]

    everything = kinds()
    run = json.loads(console("journal", "--json", "--last", "1").stdout)["run"]
    assert kinds("--run", run[:20]) == everything[-len(kinds("--run", run)) :]
    assert kinds("--type", "step_failed") == ["step_failed"]
    assert kinds("--type", "step_failed", "--type", "override") == ["step_failed", "override"]
    assert kinds("--state", "ready") == ["health_validated"]
    assert kinds("--last", "2") == everything[-2:]
    assert kinds("--last", "1", "--type", "migration_applied") == ["migration_applied"]
    assert kinds("--since", "1h") == everything
    assert kinds("--since", "2999-01-01") == []
    assert kinds("--type", "outage") == []
    assert kinds("--snapshots") == [*everything, "snapshot"] and kinds("--type", "snapshot") == ["snapshot"]
    assert "no entry matches" in console("journal", "--type", "outage").stdout


def test_until_grep_and_failed(console: Console, failed: Toy) -> None:
    """Each alone, and with the others and --last."""

    def seqs(*words: str) -> list[int]:
        done = console("journal", "--json", *words)
        assert done.exit_code == 0, done.output
        return [json.loads(line)["seq"] for line in done.stdout.splitlines()]

    everything = [json.loads(line) for line in console("journal", "--json").stdout.splitlines()]
    (failure,) = [one["seq"] for one in everything if one["type"] == "step_failed"]
    at = {one["seq"]: one["at"] for one in everything}
    assert seqs("--until", at[4]) == [1, 2, 3, 4]
    assert seqs("--since", at[3], "--until", at[4]) == [3, 4]
    assert seqs("--until", "1h") == []
    # What led to the failure: how its run began, and the three events before it.
    led = [2, *range(failure - 3, failure + 1)]
    assert seqs("--failed") == led
    assert seqs("--failed", "--last", "2") == led[-2:]
    assert seqs("--failed", "--type", "run_started", "--type", "step_failed") == [2, failure]
    assert seqs("--failed", "--until", at[failure - 1]) == led[:-1]
    # What is printed, and what is stored; case does not count, and a pattern is only text.
    assert seqs("--grep", "began: FIRST BOOT") == [2]
    assert seqs("--grep", '"revision": "r2"') == [
        one["seq"] for one in everything if one["data"].get("revision") == "r2"
    ]
    assert seqs("--grep", "004_r4.py", "--type", "step_failed") == [failure]
    assert seqs("--grep", f"{socket.gethostname()}/{os.getpid()}") == [one["seq"] for one in everything]
    assert seqs("--grep", "r.") == []
    assert "no entry matches" in console("journal", "--grep", "nothing of the kind").stdout
    human = console("journal", "--failed").stdout
    assert "began: first boot" in human and "| error: data-migration-failed" in human and "seed" not in human


def test_times_that_exclude_each_other(console: Console, failed: Toy) -> None:
    """A typing error is no empty answer."""
    done = console("journal", "--since", "1h", "--until", "2h")
    assert done.exit_code == 2 and "--since is later than --until" in done.stderr


def test_a_mistyped_type_is_not_an_empty_answer(console: Console, failed: Toy) -> None:
    """The error names the nearest type."""
    done = console("journal", "--type", "step_faild")
    assert done.exit_code == 2
    assert "did you mean step_failed?" in done.stderr
    assert console("journal", "--state", "redy").exit_code == 2


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23", "2026-11-23T00:00:00.000000Z"),
        ("2026-11-23T08:06", "2026-11-23T08:06:00.000000Z"),
        ("2026-11-23 08:06:41.5Z", "2026-11-23T08:06:41.500000Z"),
        ("2026-11-23T10:06+02:00", "2026-11-23T08:06:00.000000Z"),
    ],
)
def test_since_takes_a_point_in_time(text: str, at: str) -> None:
    """ISO 8601; UTC where no zone is named."""
    assert since(click.Context(click.Command("x")), click.Option(["--since"]), text) == at


@pytest.mark.parametrize(
    ("text", "ago"), [("90s", 90), ("2h", 7200), ("3d", 259200), ("1w", 604800), ("500ms", 0.5)]
)
def test_since_takes_how_long_ago(text: str, ago: float) -> None:
    """From now backwards."""
    found = since(click.Context(click.Command("x")), click.Option(["--since"]), text)
    expected = datetime.now(UTC) - timedelta(seconds=ago)
    assert abs((datetime.fromisoformat(found) - expected).total_seconds()) < 5


@pytest.mark.parametrize("text", ["yesterday", "2h ago", "", "-2h", "9999999999999h", "2026-13-01"])
def test_since_refuses_the_rest(console: Console, text: str) -> None:
    """With what would be right."""
    done = console("journal", "--since", text)
    assert done.exit_code == 2
    assert "2026-11-23T08:06" in done.stderr


def entries(*types: str) -> list[Entry]:
    """Entries of these types, in order."""
    made: list[Entry] = []
    for type_ in types:
        made.append(write(len(made), GENESIS, MOMENT, Turn(type_, "t", "ready", "ready"), {"text": "Ärger"}))
    return made


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ("", []),
        ("run_started a b health_validated", []),
        ("run_started step_failed", [1, 2]),
        ("run_started a b c d e step_failed", [1, 4, 5, 6, 7]),
        ("run_started a snapshot b step_failed", [1, 2, 4, 5]),
        ("run_started a run_started b step_failed", [3, 4, 5]),
        ("run_started step_failed run_started a step_failed", [1, 2, 3, 4, 5]),
        # A killed run, one that was killed again, and one that then failed.
        (
            "run_started a b c d run_resumed a b c d run_resumed step_failed",
            [1, 3, 4, 5, 6, 8, 9, 10, 11, 12],
        ),
        ("a b c d step_failed", [2, 3, 4, 5]),
    ],
)
def test_what_led_to_a_failure(types: str, expected: list[int]) -> None:
    """How the run began and what came right before; no entry comes twice."""
    found = [entry.seq for entry in leading_to_failures(entries(*types.split()))]
    assert found == expected


@many
@given(st.lists(st.sampled_from(["run_started", "run_resumed", "step_failed", "snapshot", "a"]), max_size=30))
def test_failures_are_told_in_order_and_once(types: list[str]) -> None:
    """And none is left out."""
    found = [entry.seq for entry in leading_to_failures(entries(*types))]
    assert found == sorted(set(found))
    assert {n for n, type_ in enumerate(types, 1) if type_ in ("step_failed", "run_resumed")} <= set(found)


def test_letters_that_the_journal_spells_out_are_found() -> None:
    """As they are printed, and as they are read."""
    (entry,) = entries("outage")
    assert "\\u00c4rger" in entry.text
    assert list(Filters(grep="ärger").select([entry])) == [entry]


def test_the_end_of_following() -> None:
    """When no later entry can pass."""
    now = datetime(2026, 11, 23, 8, 6, tzinfo=UTC)
    assert not Filters().is_over(now)
    assert not Filters(until="2026-11-23T08:06:00.000000Z").is_over(now)
    assert Filters(until="2026-11-23T08:05:59.999999Z").is_over(now)


def test_follow_ends_with_the_time(console: Console, failed: Toy) -> None:
    """What was there is printed first."""
    at = json.loads(console("journal", "--json", "--last", "3").stdout.splitlines()[0])["at"]
    until = console("journal", "--json", "--until", at).stdout
    done = console("journal", "--follow", "--json", "--until", at)
    assert (done.exit_code, done.stdout) == (0, until)
    assert len(until.splitlines()) > 3


def test_control_characters_do_not_reach_the_terminal(console: Console, sqlite_toy: Toy) -> None:
    """An owner of the database wrote them into an event. The JSON is the same for whoever reads it."""
    console("run")
    text = str(sqlite_toy.sql("SELECT event FROM init_journal WHERE seq = 3")[0][0])
    odd = text[:-1] + ',\n\t"odd":"\x7f\x9b31m\u202e\U0001f600"}\r'
    engine = sqlite_toy.engine()
    with session(engine) as connection:
        change(connection, f"UPDATE init_journal SET event = '{odd}' WHERE seq = 3")
    lines = console("journal", "--json").stdout.split("\n")
    assert len(lines) == len(console("journal", "--json", "--last", "999").stdout.splitlines()) + 1
    assert all(line.isascii() and (line.isprintable() or not line) for line in lines)
    assert json.loads(lines[2]) == json.loads(odd)


def test_no_journal_yet(console: Console, database_url: str) -> None:
    """Said in a line; nothing is made."""
    done = console("journal", "--database-url", database_url)
    assert (done.exit_code, done.stdout) == (0, "there is no journal yet\n")
    if database_url.startswith("sqlite"):
        assert not list(console.folder.parent.glob("test.db*"))


def test_it_needs_neither_revisions_nor_models(console: Console, failed: Toy) -> None:
    """The story can be read while the code is broken."""
    toy_file = failed.migrations / "versions" / "004_r4.py"
    toy_file.write_text("def upgrade(:\n")
    assert console("run").exit_code == 1
    assert console("journal").exit_code == 0
    assert console("journal", "verify").exit_code == 0


def test_follow_prints_what_is_appended_and_holds_no_connection(
    console: Console, toy: Toy, request: pytest.FixtureRequest
) -> None:
    """It begins before there is a journal, and ends with 130."""
    follower = console.start("journal", "--follow", "--json")
    assert follower.stdout is not None
    first = console.process("run", "--json")
    seen = [json.loads(follower.stdout.readline()) for _ in json.loads(first.stdout)["steps"]]
    assert [event["type"] for event in seen] == toy.types()
    if toy.url.startswith("postgresql"):
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        counts = (toy.sql(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")[0][0] for _ in range(20))
        assert min(counts) == 0
    toy.revision(4, "    pass")
    second = console.process("run", "--json")
    more = [json.loads(follower.stdout.readline()) for _ in json.loads(second.stdout)["steps"]]
    assert more[0]["type"] == "run_started"
    follower.send_signal(signal.SIGINT)
    _, stderr = follower.communicate(timeout=30)
    assert (follower.returncode, stderr) == (130, "")
