"""The fold: a journal says the same to every reader, at every entry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.events.entry import Entry, parse
from initdb.events.knowledge import Doubt, Knowledge
from initdb.events.types import UNSEEN
from initdb.statemachine.decide.fold import fold, step
from initdb.statemachine.decide.machine_replay import replay
from initdb.statemachine.machine import turn
from tests.statemachine.walks import JOURNALS, entries_of
from tests.support.examples import some

A, B = {"models": "a"}, {"models": "b"}


@some
@given(JOURNALS, st.data())
def test_a_fold_goes_on_from_any_entry(entries: list[Entry], data: st.DataObject) -> None:
    """Entries that were read before need not be read again. If they are, the result is the same."""
    at = data.draw(st.integers(0, len(entries)))
    assert fold(entries[at:], fold(entries[:at])) == fold(entries)
    again = [parse(entry.seq, entry.text, entry.prev_hash, entry.hash) for entry in entries]
    assert again == entries and fold(again) == fold(entries)


@some
@given(JOURNALS)
def test_a_live_turn_and_a_replay_are_the_same(entries: list[Entry]) -> None:
    """Both use the same rows and guards, on the stored data."""
    for entry in entries:
        made = turn(entry.source, entry.type, entry.data)
        assert (made.trigger, made.dest) == (entry.trigger, entry.dest)
    assert list(replay(entries)) == []


CHANGES = {
    *("schema_created", "schema_adopted", "migration_applied", "migration_reverted"),
    *("seed_batch_applied", "repair_applied", "step_started", "history_rewound"),
}


@some
@given(JOURNALS)
def test_every_prefix_is_a_journal(entries: list[Entry]) -> None:
    """Wherever a process was killed, its journal can be read, and says where it ended. A run that begins
    believes nothing. A change of the database voids what code concluded before."""
    known = Knowledge()
    for number, entry in enumerate(entries, start=1):
        known = step(known, entry)
        assert known == fold(entries[:number])
        assert (known.seq, known.hash, known.state) == (entry.seq, entry.hash, entry.dest)
        if entry.type not in UNSEEN:
            assert (known.last_type, known.last_data) == (entry.type, entry.data)
        if entry.type in ("run_started", "run_resumed"):
            assert known.state == "unknown"
        if entry.type in ("run_started", "run_resumed"):
            assert known.last_run is not None
            assert (known.last_run.seq, known.last_run.ended) == (entry.seq, None)
        if entry.type in CHANGES:
            assert (known.judgements, known.catalog) == ((), None)


def _fold(*steps: tuple[str, dict[str, Any]]) -> Knowledge:
    entries = entries_of(steps)
    assert len(entries) == len(steps), "a step had no row"
    return fold(entries)


START = ("run_started", {"code": A})
RESUME = ("run_resumed", {"code": A})
EMPTY: tuple[str, dict[str, Any]] = ("database_inspected", {"tables": [], "rows": []})
BEHIND = ("database_inspected", {"rows": ["r0"], "pending": ["r1"], "tables": ["t"], "managed": True})
CREATED = ("schema_created", {"tables": ["t"], "heads": ["r1"], "seeds_pending": ["s"], "version_table": "v"})
APPLIED = ("migration_applied", {"revision": "r1", "digest": "d1", "heads": ["r1"]})
VALID = ("health_validated", {"code": A, "catalog": "c1", "warnings": ["w"]})
FAILED = (
    "step_failed",
    {"code": A, "catalog": "c1", "error": {"reference": "x"}, "step": "migrate", "clock": 5},
)


def test_the_journal_says_whose_it_is() -> None:
    """It also has an identifier, by which a restored backup differs from another journal."""
    known = _fold(("journal_created", {"journal": "j", "application": "shop"}))
    assert (known.journal, known.application) == ("j", "shop")


def test_a_created_schema() -> None:
    """Its revisions and the place of the version table are known. Only env.py knows that place."""
    known = _fold(START, EMPTY, CREATED)
    assert (known.managed, known.adopted, known.heads, known.version_table) == (True, False, ("r1",), "v")


def test_where_the_version_table_is_stays_known() -> None:
    """Only env.py knows the place, and only some events say it."""
    created = ("schema_created", {**CREATED[1], "version_schema": "meta", "pending": ["r2"]})
    known = _fold(START, EMPTY, created, ("migration_applied", {"revision": "r2", "heads": ["r2"]}))
    assert (known.version_table, known.version_schema) == ("v", "meta")


def test_a_rewound_history_voids_what_was_concluded() -> None:
    """The catalogue of that conclusion is void too."""
    known = _fold(START, BEHIND, APPLIED, VALID, ("history_rewound", {"was": 9, "is": 5}))
    assert (known.judgements, known.catalog) == ((), None)


def test_seeds_are_a_ledger() -> None:
    """It says how far a source is applied, and which content is complete."""
    batch = {"source": "s", "digest": "d", "table": "t", "next": 50, "seeds_pending": ["s"]}
    known = _fold(START, EMPTY, CREATED, ("seed_batch_applied", batch))
    assert (known.seeds["s"].partial, known.seeds["s"].offset, known.seeds["s"].complete) == (
        "d",
        50,
        frozenset(),
    )
    last = {**batch, "next": 80, "complete": True, "seeds_pending": []}
    known = _fold(START, EMPTY, CREATED, ("seed_batch_applied", batch), ("seed_batch_applied", last))
    assert known.seeds["s"].complete == {"d"} and known.state == "unproven"


def test_a_table_made_anew_is_unseeded() -> None:
    """A repair may have made it, or the schema was created again."""
    seeded = ("seed_batch_applied", {"source": "s", "digest": "d", "table": "t", "complete": True})
    walk = (START, EMPTY, CREATED, seeded, ("defects_found", {"issues": ["t is missing"]}))
    assert _fold(*walk).seeds["s"].complete == {"d"}
    assert "s" not in _fold(*walk, ("repair_applied", {"tables": ["t"], "seeds_pending": ["s"]})).seeds
    assert "s" in _fold(*walk, ("repair_applied", {"tables": ["u"]})).seeds


def test_an_applied_revision() -> None:
    """Its name, its file, who applied it, and whether a person only said so are known."""
    known = _fold(START, BEHIND, APPLIED)
    applied = known.applied["r1"]
    assert (applied.digest, applied.marked, applied.run, known.heads) == ("d1", False, "run-0", ("r1",))
    marked = ("migration_applied", {"revision": "r1", "marked": True})
    assert _fold(START, BEHIND, marked).applied["r1"].marked


def test_a_reverted_revision_is_held_until_it_is_released_or_applied() -> None:
    """The hash of its file is known."""
    reverted = ("migration_reverted", {"revision": "r1", "digest": "d1", "heads": ["r0"], "pending": ["r1"]})
    known = _fold(START, BEHIND, APPLIED, reverted)
    assert (dict(known.held), known.applied, known.heads) == ({"r1": "d1"}, {}, ("r0",))
    assert not _fold(START, BEHIND, APPLIED, reverted, ("hold_released", {"revisions": ["r1"]})).held
    assert _fold(START, BEHIND, APPLIED, reverted, ("hold_released", {"revisions": ["r2"]})).held
    assert not _fold(START, BEHIND, APPLIED, reverted, APPLIED).held


def test_a_database_that_was_rolled_back_is_managed() -> None:
    """It is so even if its revisions were applied before the journal existed."""
    reverted = ("migration_reverted", {"revision": "r1", "digest": "d1", "heads": [], "pending": ["r1"]})
    assert not _fold(START, BEHIND).managed
    assert _fold(START, BEHIND, reverted).managed


def test_a_step_outside_a_transaction_is_in_doubt_until_it_ends() -> None:
    """A person may also order a retry."""
    begun = ("step_started", {"step": "migrate", "subject": "r1", "digest": "d1"})
    assert _fold(START, BEHIND, begun).doubt == Doubt("migrate", "r1", 3, "d1")
    assert _fold(START, BEHIND, begun, RESUME, BEHIND).doubt is not None
    assert _fold(START, BEHIND, begun, APPLIED).doubt is None
    other = ("migration_applied", {"revision": "r9", "pending": ["r1"]})
    assert _fold(START, BEHIND, begun, other).doubt is not None
    again = _fold(START, BEHIND, begun, ("override", {"retry": ["r1"]}))
    assert again.doubt is None and again.retry == {"r1"}
    assert not _fold(START, BEHIND, begun, ("override", {"retry": ["r1"]}), APPLIED).retry


def test_to_begin_the_same_step_again_is_no_progress() -> None:
    """A statement outside a transaction that kills its process each time ends in a crash loop."""
    begun = (
        "step_started",
        {"step": "migrate", "subject": "r1", "digest": "d1", "statements": ["a"], "xid": "7"},
    )
    once = _fold(START, BEHIND, begun)
    assert once.doubt == Doubt("migrate", "r1", 3, "d1", ("a",), "7")
    again = _fold(START, BEHIND, begun, RESUME, begun, RESUME, begun, RESUME)
    assert (again.crashes, again.doubt) == (3, Doubt("migrate", "r1", 7, "d1", ("a",), "7"))
    further = (begun[0], begun[1] | {"statements": ["a", "|", "b"]})
    assert _fold(START, BEHIND, begun, RESUME, further, RESUME).crashes == 1


def test_a_database_that_began_anew_forgets() -> None:
    """A person dropped everything, so what the journal knew about it is void."""
    known = _fold(START, BEHIND, APPLIED, VALID, RESUME, ("database_inspected", {"started_over": True}))
    assert (known.applied, known.seeds, known.managed, known.judgements, known.catalog) == (
        {},
        {},
        False,
        (),
        None,
    )


def test_what_was_found_outside_voids_conclusions() -> None:
    """A person applied revisions without initdb."""
    found = {**BEHIND[1], "outside": ["r1"]}
    assert _fold(START, BEHIND, APPLIED, VALID, START, ("database_inspected", found)).judgements == ()
    assert len(_fold(START, BEHIND, APPLIED, VALID, START, BEHIND).judgements) == 1


@pytest.mark.parametrize(
    ("end", "how"), [(VALID, "ready"), (FAILED, "failed"), (("run_stopped", {"why": "SIGTERM"}), "stopped")]
)
def test_how_a_run_ends(end: tuple[str, dict[str, Any]], how: str) -> None:
    """It ends at ready, with a failure, or stopped. Otherwise it was interrupted."""
    known = _fold(START, BEHIND, APPLIED, end)
    assert known.last_run is not None and known.last_run.ended == how
    assert _fold(START, BEHIND, APPLIED).last_run is not None
    running = _fold(START, BEHIND, APPLIED).last_run
    assert running is not None and running.ended is None


def test_a_note_does_not_end_a_run() -> None:
    """Such notes are an outage, an override, and a released hold."""
    known = _fold(START, ("outage", {}), ("hold_released", {}), ("override", {}))
    assert known.last_run is not None and known.last_run.ended is None


def test_conclusions_of_several_codes_stand_side_by_side() -> None:
    """They are about one catalogue. Of each code the last one counts."""
    other = ("step_failed", {**FAILED[1], "code": B})
    known = _fold(START, BEHIND, APPLIED, VALID, ("run_started", {"code": B}), other)
    assert [(dict(one.code), one.failure is None) for one in known.judgements] == [(A, True), (B, False)]
    assert known.judgements[0].warnings == ("w",) and known.catalog == "c1"
    again = _fold(START, BEHIND, APPLIED, VALID, ("run_started", {"code": A}), FAILED)
    assert [one.failure is None for one in again.judgements] == [False]


def test_a_conclusion_on_another_catalogue_voids_the_others() -> None:
    """They were about a database that has changed since."""
    other = ("step_failed", {**FAILED[1], "code": B, "catalog": "c2"})
    known = _fold(START, BEHIND, APPLIED, VALID, ("run_started", {"code": B}), other)
    assert [dict(one.code) for one in known.judgements] == [B] and known.catalog == "c2"


def test_a_change_of_the_database_voids_what_was_concluded() -> None:
    """It voids the conclusions of every code."""
    known = _fold(START, BEHIND, FAILED, START, BEHIND, APPLIED)
    assert (known.judgements, known.catalog) == ((), None)


def test_a_failure_is_told_as_it_was() -> None:
    """Its step, its error, its code, its attempt and the database's time are known."""
    failure = _fold(START, BEHIND, FAILED).judgements[0].failure
    assert failure is not None
    assert (failure.seq, failure.step, failure.clock, failure.error) == (
        3,
        "migrate",
        5.0,
        {"reference": "x"},
    )


def test_tries_are_counted_by_code_and_without_progress() -> None:
    """The next failure has this number as its attempt."""
    assert _fold(START).tries == 1
    assert _fold(START, BEHIND, FAILED, START, BEHIND, FAILED, START).tries == 3
    assert _fold(START, BEHIND, FAILED, ("run_started", {"code": B})).tries == 1
    assert _fold(START, BEHIND, FAILED, START, BEHIND, APPLIED).tries == 0
    assert _fold(START, BEHIND, FAILED, ("override", {}), START).tries == 1


STOP = ("run_stopped", {"why": "SIGTERM", "during": "migrate"})


def test_crashes_are_runs_in_a_row_that_were_cut_off() -> None:
    """They were killed or stopped by a signal, are of one code, and made no progress. An inspection is no
    progress."""
    assert _fold(START).crashes == 0
    assert _fold(START, RESUME, RESUME, RESUME).crashes == 3
    assert _fold(START, RESUME, BEHIND, RESUME, BEHIND).crashes == 2
    assert _fold(START, RESUME, ("run_resumed", {"code": B})).crashes == 1
    assert _fold(START, RESUME, BEHIND, APPLIED).crashes == 0
    assert _fold(START, RESUME, BEHIND, APPLIED, RESUME).crashes == 1
    assert _fold(*(START, BEHIND, STOP) * 4, START).crashes == 4
    assert _fold(START, STOP, START, BEHIND, RESUME, FAILED, START).crashes == 2
    assert _fold(START, STOP, START, STOP, ("run_started", {"code": B})).crashes == 1
    assert _fold(START, STOP, START, BEHIND, APPLIED, STOP, START).crashes == 1
    for end in (("run_stopped", {"why": "release"}), ("override", {})):
        assert _fold(START, RESUME, RESUME, end).crashes == 0


BACKUP = ("backup_made", {"file": "/b/1"})
RETRY = ("run_started", {"code": A, "reason": "retry"})


@pytest.mark.parametrize("goes_on", [(RESUME,), (STOP, START), (FAILED, RETRY), (("run_continued", {}),)])
def test_a_backup_stands_for_a_run_that_goes_on(goes_on: tuple[tuple[str, dict[str, Any]], ...]) -> None:
    """After a kill, a signal, a failure that passes, a lost connection; with the same code."""
    walk = (START, BEHIND, BACKUP, *goes_on)
    known = _fold(*walk)
    assert known.backed_up and known.backup is not None and known.backup.place == "/b/1"
    assert _fold(*walk, BEHIND, APPLIED).backed_up


@pytest.mark.parametrize(
    "ends",
    [
        (("run_resumed", {"code": B}),),
        (FAILED, ("run_started", {"code": A, "reason": "resume"})),
        (FAILED, ("run_started", {"code": B, "reason": "changed"})),
        (("run_stopped", {"why": "rollback"}), START),
    ],
)
def test_a_backup_does_not_stand_for_another_run(ends: tuple[tuple[str, dict[str, Any]], ...]) -> None:
    """Of other code, or by a person's order. It is still the one from before the changes."""
    known = _fold(START, BEHIND, BACKUP, *ends)
    assert not known.backed_up
    again = _fold(START, BEHIND, BACKUP, *ends, ("backup_made", {"file": "/b/2"}))
    assert known.backup == again.backup and again.backed_up
    assert known.backup is not None and (known.backup.place, known.backup.is_past) == ("/b/1", False)


def test_a_ready_database_has_no_backup_yet_for_the_next_change() -> None:
    """The last one stays known until there is a newer one."""
    walk = (START, BEHIND, BACKUP, APPLIED, VALID)
    known = _fold(*walk)
    assert not known.backed_up
    assert known.backup is not None and (known.backup.place, known.backup.is_past) == ("/b/1", True)
    newer = _fold(*walk, START, BEHIND, ("backup_made", {"file": "/b/2"})).backup
    assert newer is not None and (newer.place, newer.is_past) == ("/b/2", False)


def test_a_restored_database_has_no_run_that_was_cut_off() -> None:
    """What went on after the backup is not in its journal. The next change has a backup of its own."""
    known = _fold(START, BEHIND, BACKUP, ("database_restored", {"backup": "/b/1", "is": 3}))
    assert known.last_run is not None and known.last_run.ended == "restored"
    assert (known.crashes, known.tries, known.backed_up) == (0, 0, False)
    assert _fold(START, BEHIND, ("database_restored", {"backup": "/b/1", "is": 3}), START).crashes == 0


def test_a_database_without_a_table_has_nothing_to_lose() -> None:
    """Until its first run has ended, also if it is killed in between. A version row is something."""
    bare = ("database_inspected", {"there": 0, "pending": ["r1"], "schema_from": "migrations"})
    assert _fold(START, bare).backed_up
    assert _fold(START, bare, APPLIED, RESUME, BEHIND).backed_up
    assert not _fold(START, BEHIND).backed_up
    assert not _fold(START, ("database_inspected", {**bare[1], "rows": ["r0"]})).backed_up


def test_a_run_that_goes_on_has_not_died() -> None:
    """Its process may lose the connection many times, and may go on with other sessions."""
    again = ("run_continued", {"reason": "connection", "sessions": {"work": 7}})
    known = _fold(START, *(again, BEHIND) * 9)
    assert (known.crashes, known.tries) == (0, 1)
    assert known.last_run is not None and known.last_run.work == {"work": 7}
    assert _fold(START, again, RESUME).crashes == 1


def test_notes_are_remembered_by_their_id() -> None:
    """So a note from the spool enters once."""
    known = _fold(("outage", {"note": "n1"}), ("outage", {"note": "n2"}))
    assert known.notes == {"n1", "n2"}


def test_what_alembic_remembers_lasts_until_the_next_revision() -> None:
    """An interrupted run ends like one that was not interrupted."""
    memo = {**APPLIED[1], "pending": ["r2"], "memo": {"enums": [["s", "e"]]}}
    known = _fold(START, BEHIND, ("migration_applied", memo), RESUME)
    assert known.memo == {"enums": [["s", "e"]]}
    assert (
        _fold(START, BEHIND, ("migration_applied", memo), ("migration_applied", {"revision": "r2"})).memo
        == {}
    )


def test_an_unknown_event_moves_the_head_and_is_believed() -> None:
    """The stored state after it counts, since a newer version knew why."""
    text = '{"type":"database_compressed","dest":"compressed","v":7,"data":{"ratio":0.5}}'
    known = fold([*entries_of([START, BEHIND]), parse(3, text, "p", "h")])
    assert (known.seq, known.hash, known.state, known.version) == (3, "h", "compressed", 7)
    assert known.last_run is not None
    assert fold([parse(4, '{"type":"x"}', "h", "g")], known).state == "compressed"
