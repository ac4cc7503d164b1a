"""What is planned from facts alone: all work in order, each with its subject and its note."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from initdb.events.knowledge import Failure, Knowledge, SeedRecord
from initdb.statemachine.decide.plan import Intent, plan, state_of, why_not
from initdb.statemachine.decide.verdict import Verdict
from initdb.steps.context import Application
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.revision_file import RevisionFile
from initdb.steps.seeds.model import SeedSource
from initdb.steps.survey.facts import Facts

WORK = Verdict("work", "changed")
VALIDATE = Intent("validate", "schema, constraints, rows, seeds and rules")
STANDS = Facts(("a",), (), ("r1",), (), (), (), (), (), True, "models")
EMPTY = Facts((), ("a", "b"), None, ("r1", "r2"), (), (), (), (), False, "models")
SEED = SeedSource("10_a.csv", "rows", "a", "d1")
FUNCTION = SeedSource("fill", "python callable", None, "d2")


def _file(revision: str, *down: str, **values: Any) -> RevisionFile:
    return RevisionFile(revision, down, (), (), Path(f"{revision}.py"), f"digest of {revision}", **values)


def _application(*files: RevisionFile, **values: Any) -> Application:
    return Application(graph=RevisionGraph.of(files), **values)


CHAIN = _application(_file("r1"), _file("r2", "r1", doc="the second"), seeds=(SEED,))


def _planned(facts: Facts, application: Application, **known: Any) -> list[Intent]:
    return list(plan(facts, WORK, Knowledge(**known), application))


@pytest.mark.parametrize("kind", ["ready", "held", "ahead", "failed"])
def test_where_there_is_no_work_nothing_is_planned(kind: Any) -> None:
    """The facts do not matter then."""
    assert plan(EMPTY, Verdict(kind), Knowledge(), CHAIN) == ()


def test_an_empty_database_gets_tables_stamp_seeds_and_a_check() -> None:
    """The revisions need not run."""
    assert state_of(EMPTY) == "empty"
    assert _planned(EMPTY, CHAIN) == [
        Intent("create_schema", "2 tables from the models", "a, b"),
        Intent("create_schema", "stamp r2", "its revisions need not run"),
        Intent("seed", "10_a.csv", "into a"),
        VALIDATE,
    ]


@pytest.mark.parametrize("graph", [None, RevisionGraph.of(())])
def test_without_revisions_nothing_is_stamped(graph: RevisionGraph | None) -> None:
    """There is no directory, or it is empty."""
    facts = replace(EMPTY, missing=("a",), pending=())
    assert _planned(facts, Application(graph=graph)) == [
        Intent("create_schema", "1 tables from the models", "a"),
        VALIDATE,
    ]


def test_two_heads_are_stamped() -> None:
    """The plan names both."""
    (_, stamp, *_) = _planned(EMPTY, _application(_file("r1"), _file("x1")))
    assert stamp.subject == "stamp r1, x1"


def test_a_base_is_followed_by_every_revision() -> None:
    """The base has other tables than the models."""
    assert _planned(EMPTY, replace(CHAIN, schema_from="base")) == [
        Intent("create_schema", "from the base"),
        Intent("migrate", "r1"),
        Intent("migrate", "r2", "the second"),
        Intent("seed", "10_a.csv", "into a"),
        VALIDATE,
    ]


def test_a_schema_from_its_revisions() -> None:
    """No table is created besides."""
    facts = replace(EMPTY, schema_from="migrations", seeds=("10_a.csv",))
    steps = [(one.step, one.subject) for one in _planned(facts, CHAIN)]
    assert steps[:3] == [("migrate", "r1"), ("migrate", "r2"), ("seed", "10_a.csv")]


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ((), ""),
        ((_file("r1"),), "where they are exactly the models'; then stamp r1"),
        ((_file("r1"), _file("x1")), "where they are exactly the models'; then stamp r1, x1"),
    ],
)
def test_tables_that_nobody_manages_are_adopted(files: tuple[RevisionFile, ...], note: str) -> None:
    """Then no revision is pending. Seeds are, unless the journal has them."""
    facts = replace(STANDS, tables=("a", "b"), rows=None, managed=False, pending=("r1",))
    application = replace(_application(*files), seeds=(SEED, FUNCTION))
    adopt, *rest = _planned(
        facts, application, seeds={"fill": SeedRecord("fill", complete=frozenset({"d2"}))}
    )
    assert adopt == Intent("adopt", "2 tables", note)
    assert rest == [Intent("seed", "10_a.csv", "into a"), VALIDATE]


def test_an_application_without_a_directory_adopts_without_a_stamp() -> None:
    """There is no revision to stamp."""
    facts = replace(STANDS, rows=None, managed=False)
    assert _planned(facts, Application())[0] == Intent("adopt", "1 tables", "")


@pytest.mark.parametrize(
    ("values", "held", "note"),
    [
        ({}, {}, ""),
        ({"doc": "why"}, {}, "why"),
        (
            {"uses_autocommit_block": True},
            {},
            "not in one transaction: if it is interrupted, a person must say how far it came",
        ),
        ({}, {"r2": "digest of r2"}, "held"),
        ({}, {"r2": None}, "held"),
        ({}, {"r2": "digest of its file before"}, ""),
        ({}, {"r1": "digest of r1"}, ""),
        (
            {"doc": "why", "uses_autocommit_block": True},
            {"r2": "digest of r2"},
            "why; not in one transaction: if it is interrupted, a person must say how far it came; held",
        ),
    ],
)
def test_what_is_said_of_a_revision(values: dict[str, Any], held: dict[str, str | None], note: str) -> None:
    """The note has its docstring, and what a person should know before it runs."""
    application = _application(_file("r1"), _file("r2", "r1", **values))
    facts = replace(STANDS, pending=("r2",))
    assert _planned(facts, application, held=held) == [Intent("migrate", "r2", note), VALIDATE]


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
    application = Application(seeds=(replace(SEED, name="another"), source))
    assert _planned(facts, application, adopted=adopted) == [Intent("seed", source.name, note), VALIDATE]


def test_seeds_keep_their_order() -> None:
    """Each seed is one piece of work."""
    facts = replace(STANDS, seeds=("fill", "10_a.csv"))
    application = Application(seeds=(FUNCTION, SEED))
    assert [one.subject for one in _planned(facts, application)][:2] == ["fill", "10_a.csv"]


def test_a_version_table_that_lost_rows_is_repaired_first() -> None:
    """Then no revision is pending, and only seeds that the journal does not have."""
    facts = replace(STANDS, rows=(), pending=("r1", "r2"), conflict=("r1", "r2"), seeds=("gone",))
    assert _planned(facts, CHAIN) == [
        Intent("repair", "the version table", "it has lost r1, r2"),
        Intent("seed", "10_a.csv", "into a"),
        VALIDATE,
    ]
    applied = {SEED.name: SeedRecord(SEED.name, complete=frozenset({SEED.digest}))}
    assert [one.step for one in _planned(facts, CHAIN, seeds=applied)] == ["repair", "validate"]


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
