"""A rehearsal with given answers: all work in order, with subjects and notes, and what stops it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from initdb.errors import InitError
from initdb.events.knowledge import Doubt, Failure, Knowledge, RunRecord, SeedRecord
from initdb.events.payloads.runs import RunStarted
from initdb.statemachine.decide.plan import Plan, Questions, Unasked, plan, state_of, why_not
from initdb.statemachine.decide.verdict import Verdict
from initdb.steps.catalog.issue import Issue
from initdb.steps.context import Application
from initdb.steps.effects.script import Script, Sql
from initdb.steps.repairs.action import Action, RepairPlan
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.revision_file import RevisionFile
from initdb.steps.seeds.model import SeedSource
from initdb.steps.survey.facts import Facts

BEGINS = RunStarted(reason="", code={}, sessions={})
VALIDATE = ("validate", "schema, constraints, rows, seeds and rules", "")
STANDS = Facts(("a",), (), ("r1",), (), (), (), (), (), True, "models")
EMPTY = Facts((), ("a", "b"), None, ("r1", "r2"), (), (), (), (), False, "models")
SEED = SeedSource("10_a.csv", "rows", "a", "d1")
FUNCTION = SeedSource("fill", "python callable", None, "d2")


def _file(revision: str, *down: str, **values: Any) -> RevisionFile:
    return RevisionFile(revision, down, (), (), Path(f"{revision}.py"), f"digest of {revision}", **values)


def _application(*files: RevisionFile, **values: Any) -> Application:
    return Application(graph=RevisionGraph.of(files), provider=lambda run: None, **values)


CHAIN = _application(_file("r1"), _file("r2", "r1", doc="the second"), seeds=(SEED,))


def _plan(facts: Facts, application: Application, questions: Questions | None = None, **known: Any) -> Plan:
    return plan(Knowledge(**known), questions or Unasked(application, facts), BEGINS)


def _planned(facts: Facts, application: Application, **known: Any) -> list[tuple[str, str, str]]:
    found = _plan(facts, application, **known)
    assert found.stop is None
    return [(one.step, one.subject, one.note) for one in found.intents]


def _refusing(name: str, reference: str, facts: Facts, application: Application) -> Questions:
    """Answers of which one is no."""
    questions = Unasked(application, facts)

    def refuse(*_: object) -> None:
        raise InitError(reference, "so it is")

    setattr(questions, name, refuse)
    return questions


def test_an_empty_database_gets_tables_stamp_seeds_and_a_check() -> None:
    """The revisions need not run."""
    assert state_of(EMPTY) == "empty"
    found = _plan(EMPTY, CHAIN)
    assert [one.event for one in found.intents] == [
        "schema_created",
        "seed_batch_applied",
        "health_validated",
    ]
    assert found.intents[0].stamps == ("r2",)
    assert (found.state, found.facts) == ("empty", EMPTY)
    assert _planned(EMPTY, CHAIN) == [
        ("create_schema", "2 tables from the models", "a, b; then stamp r2: the revisions need not run"),
        ("seed", "10_a.csv", "into a"),
        VALIDATE,
    ]


@pytest.mark.parametrize("graph", [None, RevisionGraph.of(())])
def test_without_revisions_nothing_is_stamped(graph: RevisionGraph | None) -> None:
    """There is no directory, or it is empty."""
    facts = replace(EMPTY, missing=("a",), pending=())
    assert _planned(facts, Application(graph=graph)) == [
        ("create_schema", "1 table from the models", "a"),
        VALIDATE,
    ]


def test_two_heads_are_stamped() -> None:
    """The plan names both."""
    first = _plan(EMPTY, _application(_file("r1"), _file("x1"))).intents[0]
    assert first.note == "a, b; then stamp r1, x1: the revisions need not run"
    assert first.stamps == ("r1", "x1")


def test_a_base_is_followed_by_every_revision() -> None:
    """The base has other tables than the models."""
    facts = replace(EMPTY, schema_from="base")
    assert _planned(facts, replace(CHAIN, schema_from="base")) == [
        ("create_schema", "from the base", ""),
        ("migrate", "r1", ""),
        ("migrate", "r2", "the second"),
        ("seed", "10_a.csv", "into a"),
        VALIDATE,
    ]


def test_a_schema_from_its_revisions() -> None:
    """No table is created besides."""
    facts = replace(EMPTY, schema_from="migrations", seeds=("10_a.csv",))
    steps = [(one.step, one.subject) for one in _plan(facts, CHAIN).intents]
    assert steps[:3] == [("migrate", "r1"), ("migrate", "r2"), ("seed", "10_a.csv")]


@pytest.mark.parametrize(
    ("files", "note", "stamps"),
    [
        ((), "", ()),
        ((_file("r1"),), "they are exactly the models'; then stamp r1", ("r1",)),
        ((_file("r1"), _file("x1")), "they are exactly the models'; then stamp r1, x1", ("r1", "x1")),
    ],
)
def test_tables_that_nobody_manages_are_adopted(
    files: tuple[RevisionFile, ...], note: str, stamps: tuple[str, ...]
) -> None:
    """Then no revision is pending. Seeds are, unless the journal has them; a function is not run."""
    facts = replace(STANDS, tables=("a", "b"), rows=None, managed=False, pending=("r1",))
    application = replace(_application(*files), seeds=(SEED, FUNCTION))
    found = _plan(facts, application)
    assert (found.intents[0].subject, found.intents[0].note) == ("2 tables", note)
    assert found.intents[0].stamps == stamps
    assert [(one.step, one.subject, one.note) for one in found.intents[1:]] == [
        ("seed", "10_a.csv", "into a"),
        ("seed", "fill", "recorded as applied, not run: the tables were adopted"),
        VALIDATE,
    ]
    applied = {"fill": SeedRecord("fill", complete=frozenset({"d2"}))}
    assert len(_planned(facts, application, seeds=applied)) == 3


def test_an_application_without_a_directory_adopts_without_a_stamp() -> None:
    """There is no revision to stamp."""
    facts = replace(STANDS, rows=None, managed=False)
    assert _planned(facts, Application())[0] == ("adopt", "1 table", "")


@pytest.mark.parametrize(
    ("values", "held", "note"),
    [
        ({}, {}, ""),
        ({"doc": "why"}, {}, "why"),
        ({}, {"r2": "digest of r2"}, "held"),
        ({}, {"r2": None}, "held"),
        ({}, {"r2": "digest of its file before"}, ""),
        ({}, {"r1": "digest of r1"}, ""),
        ({"doc": "why"}, {"r2": "digest of r2"}, "why; held"),
    ],
)
def test_what_is_said_of_a_revision(values: dict[str, Any], held: dict[str, str | None], note: str) -> None:
    """The note has its docstring, and what a person should know before it runs."""
    application = _application(_file("r1"), _file("r2", "r1", **values))
    facts = replace(STANDS, pending=("r2",))
    assert _planned(facts, application, held=held) == [("migrate", "r2", note), VALIDATE]


def test_a_revision_that_was_interrupted() -> None:
    """The database is asked how far it came."""
    facts = replace(STANDS, pending=("r2",))
    (first, *_) = _planned(facts, CHAIN, doubt=Doubt("migrate", "r2", 3))
    assert first[2] == "the second; interrupted: the database is asked how far it came"


@pytest.mark.parametrize(
    ("source", "adopted", "note"),
    [
        (SEED, False, "into a"),
        (SEED, True, "into a"),
        (SeedSource("a", "rows", "a", "d"), False, ""),
        (FUNCTION, False, ""),
        (FUNCTION, True, "recorded as applied, not run: the tables were adopted"),
    ],
)
def test_what_is_said_of_a_seed(source: SeedSource, adopted: bool, note: str) -> None:
    """The note says where its rows go, or why it does not run."""
    facts = replace(STANDS, seeds=(source.name,))
    done = {"another": SeedRecord("another", complete=frozenset({SEED.digest}))}
    application = Application(seeds=(replace(SEED, name="another"), source))
    found = _planned(facts, application, adopted=adopted, managed=True, seeds=done)
    assert found == [("seed", source.name, note), VALIDATE]


def test_seeds_keep_their_order() -> None:
    """Each seed is one piece of work."""
    facts = replace(STANDS, seeds=("fill", "10_a.csv"))
    found = _planned(facts, Application(seeds=(FUNCTION, SEED)), managed=True)
    assert [subject for _, subject, _ in found][:2] == ["fill", "10_a.csv"]


LOST = replace(STANDS, rows=(), pending=("r1", "r2"), conflict=("r1", "r2"), seeds=("gone",))


def test_a_version_table_that_lost_rows_is_repaired_first() -> None:
    """Then no revision is pending, and only seeds that the journal does not have."""
    assert _planned(LOST, CHAIN, heads=("r2",)) == [
        ("repair", "the version table", "it has lost r1, r2"),
        ("seed", "10_a.csv", "into a"),
        VALIDATE,
    ]
    applied = {SEED.name: SeedRecord(SEED.name, complete=frozenset({SEED.digest}))}
    assert [one[0] for one in _planned(LOST, CHAIN, heads=("r2",), seeds=applied)] == ["repair", "validate"]


TABLE = Issue("missing-table", "a", "The table a is missing.", table="a")
INDEX = Issue("missing-index", "ix", "The index ix is missing.", table="a")
COLUMN = Issue("missing-column", "c", "The column c is missing.", suggestion="Add it.", table="a")
MAKE = Action("create-table", "a", "a", "create table a", ("CREATE TABLE a (id INTEGER)",), TABLE)


def _with_defects(application: Application, found: tuple[Issue, ...], repair: RepairPlan) -> Questions:
    questions = Unasked(application, STANDS)
    questions.defects = lambda known: found  # type: ignore[method-assign]
    questions.repair = lambda known: repair  # type: ignore[method-assign]
    return questions


def test_what_was_lost_is_repaired() -> None:
    """A table is made again, its seed is applied again, and everything is validated again."""
    applied = {SEED.name: SeedRecord(SEED.name, "a", complete=frozenset({SEED.digest}))}
    without = Issue("seed-table-missing", SEED.name, "It has no table.", table="a")
    questions = _with_defects(CHAIN, (TABLE,), RepairPlan((MAKE,), (without,)))
    found = plan(Knowledge(seeds=applied, managed=True), questions, BEGINS)
    assert found.stop is None
    assert [(one.step, one.subject, one.event) for one in found.intents] == [
        ("validate", VALIDATE[1], "defects_found"),
        ("repair", "create table a", "repair_applied"),
        ("seed", "10_a.csv", "seed_batch_applied"),
        ("validate", VALIDATE[1], "health_validated"),
    ]
    assert found.intents[0].note == "The table a is missing."
    assert found.intents[1].script == Script("", (Sql("CREATE TABLE a (id INTEGER)"),))


def test_what_cannot_be_repaired_stops_it() -> None:
    """After what can be; at once if nothing can."""
    questions = _with_defects(Application(), (TABLE, COLUMN), RepairPlan((MAKE,), (COLUMN,)))
    found = plan(Knowledge(managed=True), questions, BEGINS)
    assert [one.event for one in found.intents] == ["defects_found", "repair_applied"]
    assert found.stop is not None and found.stop.reference == "repair-impossible"
    assert found.stop.context == ("The column c is missing. Add it.",)
    found = plan(Knowledge(), _with_defects(Application(), (COLUMN,), RepairPlan((), (COLUMN,))), BEGINS)
    assert [one.event for one in found.intents] == ["defects_found"]
    assert found.stop is not None


def test_what_the_application_works_without_is_accepted() -> None:
    """An event says so, although nothing is repaired."""
    found = plan(Knowledge(), _with_defects(Application(), (INDEX,), RepairPlan((), (INDEX,))), BEGINS)
    assert found.stop is None
    assert [one.event for one in found.intents] == ["defects_found", "repair_applied", "health_validated"]
    assert found.intents[1].subject == "nothing: the application works without it"


@pytest.mark.parametrize(
    ("question", "facts", "steps"),
    [
        ("inspect", STANDS, []),
        ("may_go_on", STANDS, []),
        ("may_create", EMPTY, []),
        ("may_adopt", replace(STANDS, rows=None, managed=False), []),
        ("may_migrate", replace(STANDS, pending=("r2",)), []),
        ("restamped", LOST, []),
        ("defects", STANDS, []),
        ("repair", STANDS, ["validate"]),
    ],
)
def test_what_refuses_stops_it(question: str, facts: Facts, steps: list[str]) -> None:
    """At the place where the run would be stopped."""
    application = replace(CHAIN, seeds=())
    questions = _refusing(question, "no-such-revision", facts, application)
    if question == "repair":
        questions.defects = lambda known: (TABLE,)  # type: ignore[method-assign]
    found = plan(Knowledge(), questions, BEGINS)
    assert [one.step for one in found.intents] == steps
    assert found.stop is not None and found.stop.context == ("so it is",)
    assert (found.facts is None) == (question == "inspect")


@pytest.mark.parametrize(
    ("known", "stops"),
    [
        (Knowledge(crashes=4, last_run=RunRecord("x", 1, "t", code={"a": "1"})), True),
        (Knowledge(crashes=3, last_run=RunRecord("x", 1, "t", code={"a": "1"})), False),
        (Knowledge(crashes=4, last_run=RunRecord("x", 1, "t", code={"a": "2"})), False),
        (Knowledge(crashes=4, last_run=RunRecord("x", 1, "t", code={"a": "1"}, ended="failed")), False),
        (Knowledge(crashes=5, last_run=RunRecord("x", 1, "t", code={"a": "1"}, ended="failed")), True),
    ],
)
def test_a_crash_loop_stops_it(known: Knowledge, stops: bool) -> None:
    """Counted as a run counts: an interrupted one of the same code is one more."""
    found = plan(known, Unasked(Application(), STANDS), replace(BEGINS, code={"a": "1"}), 5)
    assert (found.stop is not None and found.stop.reference == "crash-loop") == stops


FAILURE = Failure(7, "migrate", "t", {"reference": "revision-failed"}, {})


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        (Verdict("ready"), "The database is ready: a boot does nothing."),
        (
            Verdict("held", revisions=("r1", "r2")),
            "Held back: r1, r2. A boot does nothing until `initdb release`, or until the file changes.",
        ),
        (
            Verdict("ahead", revisions=("r8", "r9")),
            "The database has revisions that this code does not know: r8, r9. A boot does nothing.",
        ),
        (
            Verdict("failed", failure=FAILURE),
            "This code failed on this database (revision-failed, journal entry 7) and nothing has changed"
            " since: a boot reports it again without trying. To try again: initdb resume",
        ),
        (Verdict("failed"), ""),
        (Verdict("work", failure=FAILURE), ""),
    ],
)
def test_why_a_boot_would_do_nothing(verdict: Verdict, why: str) -> None:
    """The plan says what would change that."""
    assert why_not(verdict) == why


def test_a_backup_is_foreseen_once_before_the_first_change() -> None:
    """Not if nothing is changed, and not if a killed run of the same code has made it."""
    quiet = Unasked(Application(), replace(STANDS, there=2))
    assert [one.step for one in plan(Knowledge(), quiet, BEGINS, backup="into /b").intents] == ["validate"]
    questions = _with_defects(CHAIN, (TABLE,), RepairPlan((MAKE,), ()))
    found = plan(Knowledge(managed=True), questions, BEGINS, backup="into /b")
    steps = ["validate", "back_up", "repair", "seed", "validate"]
    assert [one.step for one in found.intents] == steps
    assert (found.intents[1].subject, found.intents[1].event) == ("into /b", "backup_made")
    run = RunRecord("r", 1, "t", code={"a": "1"})
    known = Knowledge(managed=True, last_run=run, backed_up=True)
    for code, expected in (("1", []), ("2", ["back_up"])):
        found = plan(known, questions, replace(BEGINS, code={"a": code}), backup="into /b")
        assert [one.step for one in found.intents if one.step == "back_up"] == expected
