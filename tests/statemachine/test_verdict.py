"""What a process concludes from the journal and its own code, before it writes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initdb.events.knowledge import Applied, Failure, Judgement, Knowledge, RunRecord
from initdb.statemachine.decide.verdict import (
    BACKOFF_FIRST,
    BACKOFF_LIMIT,
    Look,
    Verdict,
    held_back,
    judge,
    matches,
)
from tests.support.examples import some

CODE = {"settings": "s1", "migrations": "m1", "models": "o1"}
OTHER = {**CODE, "migrations": "m2"}
ENDED = RunRecord("run-1", 2, "t", ended="ready")


def _ready(code: dict[str, str] = CODE, *warnings: str) -> Judgement:
    return Judgement(code, warnings=warnings)


def _failed(code: dict[str, str] = CODE, **values: Any) -> Judgement:
    passing = values.pop("passing", False)
    failure = Failure(
        **{"seq": 7, "step": "migrate", "at": "t", "clock": 1000.0, **values},
        code=code,
        error={"reference": "revision-failed", "passing": passing},
    )
    return Judgement(code, failure)


def _look(*judgements: Judgement, **values: Any) -> Look:
    known = Knowledge(
        seq=9, state="ready", last_run=ENDED, judgements=judgements, catalog="c1" if judgements else None
    )
    return replace(Look(known, CODE, "c1", clock=1000.0), **values)


def test_an_empty_journal_is_work() -> None:
    """This is the first boot."""
    assert judge(Look(Knowledge(), CODE, "c1")) == Verdict("work", "first boot")


def test_known_code_on_an_unchanged_database_is_ready() -> None:
    """The verdict has the warnings of the validation."""
    assert judge(_look(_ready(CODE, "an index is missing"))) == Verdict(
        "ready", warnings=("an index is missing",)
    )


@pytest.mark.parametrize("state", ["ready", "unknown", "behind", "defective", "unseeded"])
def test_the_state_does_not_matter_for_known_code(state: str) -> None:
    """Another process may be in the middle of a run. This code was validated since the database last
    changed."""
    look = _look(_ready())
    assert judge(replace(look, knowledge=replace(look.knowledge, state=state))).kind == "ready"


def test_a_changed_part_is_work_and_is_named() -> None:
    """It is compared with the last judgement."""
    verdict = judge(_look(_ready(), code={**CODE, "migrations": "m2", "models": "o2"}))
    assert verdict == Verdict("work", "changed", ("migrations", "models"))


def test_a_changed_catalog_is_work_and_is_named() -> None:
    """Something else has changed the database."""
    assert judge(_look(_ready(), catalog="c2")) == Verdict("work", "changed", ("catalog",))


def test_a_new_part_is_work() -> None:
    """An application that gets its first seeds has changed, although no recorded part has."""
    assert judge(_look(_ready(), code={**CODE, "seeds": "e1"})) == Verdict("work", "changed", ("seeds",))


def test_a_part_that_this_process_cannot_know_does_not_differ() -> None:
    """The command line may not have the application's models."""
    assert judge(_look(_ready(), code={"settings": "s1", "migrations": "m1"})).kind == "ready"
    assert judge(_look(_ready(), code={"settings": "s1", "migrations": "m2"})).kind == "work"


_PARTS = st.dictionaries(
    st.sampled_from(["settings", "migrations", "models", "seeds"]), st.sampled_from("ab")
)


@some
@given(_PARTS, _PARTS)
def test_matching_is_agreeing_on_all_that_this_process_knows(recorded: Any, mine: Any) -> None:
    """Parts that this process does not know do not count."""
    assert matches(recorded, mine) == (mine.items() <= recorded.items())


def test_old_and_new_code_stand_side_by_side() -> None:
    """Old code that works and new code that fails each find their own verdict. Neither writes an event."""
    both = (_ready(CODE, "w"), _failed(OTHER))
    assert judge(_look(*both, code=CODE)) == Verdict("ready", warnings=("w",))
    assert judge(_look(*both, code=OTHER)).kind == "failed"
    assert judge(_look(*reversed(both), code=CODE)).kind == "ready"
    assert judge(_look(*reversed(both), code=OTHER)).kind == "failed"


def test_of_one_code_the_last_judgement_counts() -> None:
    """A failure was fixed since, or a success is no longer true."""
    assert judge(_look(_failed(), _ready())).kind == "ready"
    assert judge(_look(_ready(), _failed())).kind == "failed"


def test_a_failure_is_adopted() -> None:
    """Code with the same fingerprint, on an unchanged database, shows the failure and does not retry."""
    failed = _failed()
    assert judge(_look(failed)) == Verdict("failed", failure=failed.failure)


@pytest.mark.parametrize("change", [{"code": OTHER}, {"catalog": "c2"}])
def test_a_failure_of_other_code_or_on_another_database_is_not(change: dict[str, Any]) -> None:
    """There is a reason for a retry."""
    assert judge(_look(_failed(), **change)).kind == "work"


def test_a_person_overrides_one_failure() -> None:
    """The order names its entry. If five people give it at once, there is one retry."""
    failed = _failed(seq=7)
    assert judge(_look(failed), override=7) == Verdict("work", "resume", failure=failed.failure)
    assert judge(_look(_failed(seq=8)), override=7).kind == "failed"
    assert judge(_look(_ready()), override=7).kind == "ready"


@pytest.mark.parametrize(
    ("attempt", "pause"), [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (50, 60.0), (10**9, 60.0)]
)
def test_a_passing_failure_is_tried_again_after_a_pause(attempt: int, pause: float) -> None:
    """The pause doubles with each attempt up to a limit, by the database's clock."""
    assert (BACKOFF_FIRST, BACKOFF_LIMIT) == (1.0, 60.0)
    failed = _failed(passing=True, attempt=attempt, clock=1000.0)
    early = judge(_look(failed, clock=1000.0 + pause - 0.25))
    assert early == Verdict("failed", failure=failed.failure, retry_in=0.25)
    assert judge(_look(failed, clock=1000.0)).retry_in == pause
    late = judge(_look(failed, clock=1000.0 + pause))
    assert late == Verdict("work", "retry", failure=failed.failure)


def test_a_clock_that_went_back_does_not_lock_anybody_out() -> None:
    """A server may say an earlier time after a restore or a failover."""
    assert judge(_look(_failed(passing=True, clock=5000.0), clock=1000.0)).kind == "work"


def test_a_lasting_failure_does_not_pass_with_time() -> None:
    """Only a person, other code or another database changes it."""
    assert judge(_look(_failed(), clock=10**9)).retry_in is None
    assert judge(_look(_failed(), clock=10**9)).kind == "failed"


def test_a_revision_that_the_code_does_not_know_is_ahead() -> None:
    """This code must not work on the database, whatever else is true."""
    for judgements in ((), (_ready(),), (_failed(),)):
        verdict = judge(_look(*judgements, unknown=("r9",)), override=7)
        assert (verdict.kind, verdict.revisions, verdict.warnings) == ("ahead", ("r9",), ())


def test_the_file_of_such_a_revision_is_named_if_initdb_applied_it() -> None:
    """A file that was lost is restored by its name."""
    look = _look(unknown=("r9",))
    applied = {"r9": Applied("r9", None, "run", "2026-11-28T06:51:12.065Z", file="009_more.py")}
    verdict = judge(replace(look, knowledge=replace(look.knowledge, applied=applied)))
    assert verdict.warnings == (
        "initdb applied 009_more.py at 2026-11-28 06:51:12Z."
        " Deploy the code that has it, or restore a file that was lost.",
    )


@pytest.mark.parametrize(
    ("held", "pending", "found"),
    [
        ({}, {"r2": "d"}, ()),
        ({"r2": "d"}, {"r2": "d"}, ("r2",)),
        ({"r2": "d"}, {"r2": "changed"}, ()),
        ({"r2": "d"}, {}, ()),
        ({"r2": "d"}, {"r3": "d"}, ()),
        ({"r2": None}, {"r2": "whatever"}, ("r2",)),
        ({"r2": "d", "r3": "e"}, {"r1": "x", "r2": "d", "r3": "e"}, ("r2", "r3")),
    ],
)
def test_a_reverted_revision_is_held(
    held: dict[str, str | None], pending: dict[str, str], found: tuple[str, ...]
) -> None:
    """It is held until its file changes or is gone, or a person releases it."""
    assert held_back(held, pending) == found
    look = _look(pending=pending)
    verdict = judge(replace(look, knowledge=replace(look.knowledge, held=held)))
    assert (verdict.kind, verdict.revisions) == (("held", found) if found else ("work", ()))


def test_a_hold_does_not_hide_a_verdict_that_stands() -> None:
    """Code that was validated serves."""
    look = _look(_ready(), pending={"r2": "d"})
    assert judge(replace(look, knowledge=replace(look.knowledge, held={"r2": "d"}))).kind == "ready"


def test_why_there_is_work() -> None:
    """A run did not end, or ended before anything was judged, or the database cannot be compared."""
    look = _look()
    running = replace(look.knowledge, last_run=replace(ENDED, ended=None))
    assert judge(replace(look, knowledge=running)).reason == "interrupted"
    stopped = replace(look.knowledge, last_run=replace(ENDED, ended="stopped"))
    assert judge(replace(look, knowledge=stopped)).reason == "unfinished"
    locked = judge(_look(_ready(), catalog=None))
    assert locked == Verdict("work", "a table is locked, so that its definition cannot be read")


@some
@given(
    st.lists(st.builds(Judgement, _PARTS), max_size=3),
    _PARTS,
    st.sampled_from([None, "c1", "c2"]),
    st.integers(0, 9),
)
def test_a_verdict_is_a_function_of_what_was_seen(
    judgements: list[Judgement], code: Any, catalog: str | None, override: int
) -> None:
    """The same look gives the same verdict, and the verdict always has a kind."""
    known = Knowledge(judgements=tuple(judgements), catalog="c1", last_run=ENDED)
    look = Look(known, code, catalog)
    assert judge(look, override) == judge(look, override)
    assert judge(look, override).kind in ("ready", "work")
