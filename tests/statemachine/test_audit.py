"""The audit of a stored journal: its findings about chain, guards, version and transitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from initdb.errors import InitError
from initdb.events.canonical import encode
from initdb.events.chain import GENESIS, link
from initdb.events.entry import Entry, Turn, write
from initdb.events.head import SCHEMA_VERSION, Head
from initdb.events.journal import Journal
from initdb.events.sessions import session
from initdb.events.upcast import CURRENT
from initdb.events.verify import Finding, Stored
from initdb.events.views import VIEWS
from initdb.statemachine.decide import audit as audits
from initdb.statemachine.decide import audit_pass
from initdb.statemachine.decide.audit import LOOKS, Audit, audit, journal_to_audit
from initdb.statemachine.decide.audit_pass import Pass
from initdb.statemachine.decide.fold import fold, known_from, snapshot_of
from initdb.statemachine.decide.machine_replay import replay
from tests.events.journals import MOMENT, append_committed, begin, commit, make
from tests.statemachine.test_replay import BEGIN, EMPTY, story
from tests.statemachine.walks import JOURNALS
from tests.support.examples import many, some
from tests.support.guards import change


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal of three entries."""
    journal = make(engine)
    append_committed(journal, engine)
    append_committed(journal, engine)
    return journal


@pytest.fixture
def connection(engine: Engine, journal: Journal) -> Iterator[Connection]:
    """A session on its database."""
    with session(engine) as opened:
        yield opened


def test_a_sound_journal(journal: Journal, connection: Connection) -> None:
    """The result has the number of entries and the last hash."""
    assert audit(connection, journal) == Audit(3, journal.last(connection)[1], ())


def test_an_empty_journal(engine: Engine) -> None:
    """There is no last hash, and the first entry is missing: it is made with the tables."""
    journal = Journal("main" if engine.dialect.name == "sqlite" else "public", "shop")
    with session(engine) as connection:
        begin(connection)
        journal.create(connection)
        commit(connection)
        found = audit(connection, journal)
        assert (found.entries, found.hash, [one.seq for one in found.findings]) == (0, None, [0])


def test_findings_are_in_the_order_of_the_entries(journal: Journal, connection: Connection) -> None:
    """Findings that are about no entry come first."""
    on = " ON init_journal" if connection.dialect.name == "postgresql" else ""
    last = journal.last(connection)[1]
    change(connection, "UPDATE init_journal SET source = 'ready' WHERE seq = 2")
    begin(connection)
    guards = sorted(
        ("init_journal_append", "init_journal_keep" if on else "init_journal_no_update"),
    )
    for guard in guards:
        connection.exec_driver_sql(f"DROP TRIGGER {guard}{on}")
    commit(connection)
    change(connection, "UPDATE init_journal SET at = 'then' WHERE seq = 1")
    assert audit(connection, journal) == Audit(
        3,
        last,
        (
            *(Finding(0, f"the trigger {guard} of init_journal is missing") for guard in guards),
            Finding(1, "column at does not agree with the event"),
            Finding(2, "column source does not agree with the event"),
        ),
    )


def test_an_index_that_is_missing(journal: Journal, connection: Connection) -> None:
    """The tables are not those of the version in the head."""
    begin(connection)
    connection.exec_driver_sql("DROP INDEX init_journal_run")
    commit(connection)
    (finding,) = audit(connection, journal).findings
    at = '"main".' if connection.dialect.name == "sqlite" else '"public".'
    made = (
        f"CREATE INDEX {at}init_journal_run ON init_journal (run)"
        if connection.dialect.name == "sqlite"
        else f"CREATE INDEX init_journal_run ON {at}init_journal (run)"
    )
    assert finding.seq == 0
    assert (
        finding.text
        == f"journal-incomplete: its head says version {SCHEMA_VERSION}; what makes it so: {made};"
    )


def test_a_journal_without_its_head(engine: Engine, journal: Journal, connection: Connection) -> None:
    """The row or the table is missing. The rest of the journal is audited."""
    last = journal.last(connection)[1]
    commit(connection)
    change(connection, "DELETE FROM init_journal_head")
    assert audit(connection, journal) == Audit(3, last, (Finding(3, "the head row is missing"),))
    begin(connection)
    connection.exec_driver_sql("DROP TABLE init_journal_head")
    commit(connection)
    found = audit(connection, journal)
    assert (found.entries, found.hash) == (3, last)
    assert found.findings[-1] == Finding(3, "the head row is missing")
    assert journal_to_audit(connection, "shop", None) == journal


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_journal_in_the_schema_of_the_setting(engine: Engine) -> None:
    """It is the one to audit, also without its head."""
    with engine.begin() as made:
        made.exec_driver_sql("CREATE SCHEMA audit")
    journal = make(engine, "audit")
    with session(engine) as connection:
        assert journal_to_audit(connection, "shop", "audit") == journal
        assert journal_to_audit(connection, "billing", "public") is None
        connection.exec_driver_sql("DROP TABLE audit.init_journal_head")
        assert journal_to_audit(connection, "shop", "audit") == journal


def test_a_journal_that_lacks_a_column(journal: Journal, connection: Connection) -> None:
    """The error names the table, not the driver's error."""
    commit(connection)
    change(connection, "ALTER TABLE init_journal RENAME COLUMN event TO said")
    with pytest.raises(InitError) as error:
        audit(connection, journal)
    assert error.value.reference == "foreign-journal-table"


def test_where_there_is_no_journal_there_is_none_to_audit(engine: Engine) -> None:
    """Both tables are missing."""
    with session(engine) as connection:
        assert journal_to_audit(connection, "shop", None) is None


def test_the_journal_that_is_there_is_audited(journal: Journal, connection: Connection) -> None:
    """It is found by the name of the application, in its schema."""
    assert journal_to_audit(connection, "shop", None) == journal


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_entries_that_are_not_numbered_are_unreadable(journal: Journal, connection: Connection) -> None:
    """SQLite stores a value of any type in a column that has none."""
    begin(connection)
    connection.exec_driver_sql("CREATE TABLE copied AS SELECT * FROM init_journal")
    for view in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW {view}")
    connection.exec_driver_sql("DROP TABLE init_journal")
    connection.exec_driver_sql("CREATE TABLE init_journal AS SELECT * FROM copied")
    connection.exec_driver_sql("UPDATE init_journal SET seq = 'two' WHERE seq = 2")
    commit(connection)
    with pytest.raises(InitError) as error:
        audit(connection, journal)
    assert error.value.reference == "journal-unreadable"
    assert error.value.context == ("its entries are numbered by what are no numbers",)


def test_what_is_appended_meanwhile_is_no_finding(
    engine: Engine, journal: Journal, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and head are read again until they fit."""
    head, asked = audits._head, []

    def late(connection: Connection, journal: Journal) -> Head | None:
        found = head(connection, journal)
        asked.append(found)
        if len(asked) in (1, 3):
            commit(connection)
            append_committed(journal, engine)
        return found

    monkeypatch.setattr(audits, "_head", late)
    assert audit(connection, journal) == Audit(5, journal.last(connection)[1], ())
    assert len(asked) == 6


def test_a_journal_that_never_rests_is_audited_as_it_is(
    journal: Journal, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of attempts to read it is limited."""
    numbers = iter(range(1000))
    monkeypatch.setattr(audits, "_head", lambda *_: Head(next(numbers), GENESIS, 2, 1))
    findings = audit(connection, journal).findings
    assert next(numbers) == 2 * LOOKS
    said = f"is the last entry, but the head says {2 * LOOKS - 2}: the tail was cut or added"
    assert findings == (Finding(3, said),)


def test_a_transition_that_the_table_does_not_have_is_named() -> None:
    """The finding names the event and the state."""
    odd = (Turn("health_validated", "validate", "empty", "ready"), {})
    assert list(replay(story(BEGIN, EMPTY, odd))) == [
        Finding(3, "is no transition of the table: health_validated has no row in state empty")
    ]


def test_all_that_is_wrong_with_an_entry_is_found() -> None:
    """Its state before and its state after are both wrong."""
    jump = (Turn("schema_created", "create_schema", "empty", "ready"), {})
    assert list(replay(story(BEGIN, jump))) == [
        Finding(2, "begins in state empty, but the entry before it led to unknown"),
        Finding(2, "says that it led to ready, but its data leads to unproven"),
    ]


def test_the_first_entry_may_begin_anywhere() -> None:
    """There is no entry before it."""
    assert list(replay(story((Turn("run_started", "begin", "ready", "unknown"), {})))) == []


def test_an_entry_of_a_newer_version_is_not_replayed() -> None:
    """Its data may have another meaning. The state after it still counts."""
    begin, lie = story(BEGIN, (Turn("database_inspected", "inspect", "unknown", "ready"), {}))
    newer = replace(lie, v=CURRENT + 1)
    assert len(list(replay([begin, lie]))) == 1
    assert list(replay([begin, newer])) == []


def test_what_is_no_event_is_passed_over_by_the_replay() -> None:
    """The findings about the chain name it, and only it: not what follows from it."""
    rows = [
        Stored(1, "r", "t", "x", "ready", "ready", "nonsense", GENESIS, "h"),
        Stored(2, "r", "t", "x", "ready", "ready", 7, GENESIS, "h"),  # type: ignore[arg-type]
        Stored(3, "r", "t", "x", "ready", "ready", encode({"type": "outage"}), "h", "g"),
    ]
    passed = Pass()
    passed.take(rows)
    found = passed.findings(Head(3, "g", 2, 1))
    assert [one for one in found if one.seq == 3] == [
        Finding(3, "has been edited: its text does not give its hash"),
        *(
            Finding(3, f"column {name} does not agree with the event")
            for name in ("seq", "run", "at", "type", "source", "dest")
        ),
    ]
    assert found[:3] == [
        Finding(1, "has been edited: its text does not give its hash"),
        Finding(1, "is not JSON"),
        Finding(1, "is not what a journal begins with"),
    ]
    assert {one.text for one in found if one.seq == 2} == {
        "does not carry the hash of the entry before it",
        "holds what is not ASCII text",
    }


def _journal(*turns: tuple[Turn, Mapping[str, Any]]) -> list[Stored]:
    """The rows of a journal that says these things, after its first entry."""
    first = (Turn("journal_created", "note", "unknown", "unknown"), {"journal": "j", "application": "a"})
    rows, seq, digest = [], 0, GENESIS
    for made, data in (first, *turns):
        entry = write(seq, digest, MOMENT, made, data)
        seq, digest = entry.seq, entry.hash
        rows.append(Stored(**entry.columns()))
    return rows


def _note(number: int) -> tuple[Turn, Mapping[str, Any]]:
    said = {"number": number, "text": "ä"} if number % 2 else {"number": number}
    return Turn("outage", "note", "unknown", "unknown"), said


@many
@given(st.integers(1, 6), st.data())
def test_a_row_is_passed_quickly_only_if_nothing_is_wrong_with_it(length: int, data: st.DataObject) -> None:
    """What is found does not depend on it: a slow pass over an edited journal finds the same."""
    rows = _journal(*map(_note, range(length)))
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(Stored._fields))
    value = data.draw(_EDITS)
    row = rows[at]
    if data.draw(st.booleans()) and isinstance(value, str):
        value = row.event.replace('"by":', f'"by":{value},"by":') if column == "event" else value
    if type(value) is not int and column == "seq":
        return
    rows[at] = row._replace(**{column: value})
    if data.draw(st.booleans()) and isinstance(rows[at].event, str) and rows[at].event.isascii():
        rows[at] = rows[at]._replace(hash=link(row.prev_hash, rows[at].event))
    head = Head(rows[-1].seq, rows[-1].hash, 2, 1)
    quick = Pass()
    quick.take(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_pass, "decode_plain", lambda _: None)
        slow = Pass()
        slow.take(rows)
    assert quick.findings(head) == slow.findings(head)
    assert (quick.seq, quick.hash, quick.entries) == (slow.seq, slow.hash, slow.entries)


_EDITS: st.SearchStrategy[Any] = st.one_of(
    st.text(max_size=6), st.binary(max_size=3), st.integers(0, 9), st.none(), st.just("{}"), st.just("1.0")
)


SNAPSHOT = "is a snapshot, but not of what the entries before it say"


@some
@given(JOURNALS)
def test_a_quick_pass_knows_what_a_fold_knows(entries: list[Entry]) -> None:
    """Also of entries that it does not look at closely: the next snapshot is compared with that."""
    known = fold(entries)
    for said in (snapshot_of(known), snapshot_of(replace(known, last_at="then"))):
        assert said is not None
        turn = Turn("snapshot", "note", known.state, known.state)
        last = write(known.seq, known.hash, MOMENT, turn, said.data())
        passed = Pass()
        passed.take([Stored(**one.columns()) for one in (*entries, last)])
        found = Finding(last.seq, SNAPSHOT) in passed.findings(Head(last.seq, last.hash, 2, 1))
        assert found == (known_from(last) != fold([*entries, last]))
