"""The shape of a journal: what is there in its place, what it lacks, and which statements complete it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from initdb.events.head import SCHEMA_VERSION
from initdb.events.shape import (
    COLUMNS_OF,
    HEAD,
    JOURNAL,
    OF_THE_JOURNAL,
    VERSION,
    Relation,
    amendments,
    fault,
)
from initdb.events.sqlite import SQLITE

WHOLE = {
    **{name: Relation("table", columns) for name, columns in COLUMNS_OF.items()},
    "init_journal_run": Relation("index"),
    "init_journal_type_seq": Relation("index"),
}
WITH_FORMER = {**WHOLE, "init_journal_type": Relation("index")}
AT = '"main".'
DDL = SQLITE.ddl(AT)
RUN = f"CREATE INDEX {AT}init_journal_run ON init_journal (run)"
TYPE = f"CREATE INDEX {AT}init_journal_type_seq ON init_journal (type, seq)"
(MAKES_VERSION,) = (one for one in DDL if "init_journal_version (" in one)


def _without(*names: str) -> dict[str, Relation]:
    return {name: relation for name, relation in WHOLE.items() if name not in names}


@pytest.mark.parametrize(
    "found",
    [
        {},
        WHOLE,
        _without(VERSION),
        _without("init_journal_run", "init_journal_type_seq", VERSION),
        {**WHOLE, JOURNAL: Relation("table", COLUMNS_OF[JOURNAL] | {"of a later version"})},
    ],
)
def test_a_journal_or_nothing_is_no_fault(found: Mapping[str, Relation]) -> None:
    """This holds for every version."""
    assert fault(found, "sqlite") is None


@pytest.mark.parametrize(
    ("found", "context"),
    [
        ({**WHOLE, HEAD: Relation("view")}, ("init_journal_head is a view",)),
        (
            {**WHOLE, JOURNAL: Relation("table", frozenset({"seq", "run"}))},
            ("init_journal has no at, dest, event, hash, prev_hash, source, type",),
        ),
        ({**WHOLE, VERSION: Relation("table")}, ("init_journal_version has no version_num",)),
        ({"init_journal_run": Relation("index")}, ("init_journal_run is an index of something else",)),
        (
            {VERSION: Relation("table"), JOURNAL: Relation("sequence")},
            ("init_journal is a sequence", "init_journal_version has no version_num"),
        ),
    ],
)
def test_something_else_of_these_names(found: Mapping[str, Relation], context: tuple[str, ...]) -> None:
    """Each of them is named, in order."""
    error = fault(found, "sqlite")
    assert error is not None
    assert (error.reference, error.context, error.database) == ("foreign-journal-table", context, "sqlite")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            _without(HEAD, VERSION, "init_journal_run", "init_journal_type_seq"),
            "init_journal, but no init_journal_head",
        ),
        (
            {HEAD: WHOLE[HEAD], VERSION: WHOLE[VERSION]},
            "init_journal_head, init_journal_version, but no init_journal",
        ),
        ({VERSION: WHOLE[VERSION]}, "init_journal_version, but no init_journal and no init_journal_head"),
    ],
)
def test_half_a_journal(found: Mapping[str, Relation], said: str) -> None:
    """The error says what exists and what does not."""
    error = fault(found, "postgresql")
    assert error is not None
    assert (error.reference, error.context) == ("journal-unreadable", (f"there is {said}",))
    assert error.database == "postgresql"


@pytest.mark.parametrize(
    ("found", "rows", "version", "statements"),
    [
        (WHOLE, ("0003",), 3, []),
        (WHOLE, None, 3, []),
        (WITH_FORMER, ("0003",), 3, []),
        (_without("init_journal_type_seq"), ("0002",), 2, []),
        (_without("init_journal_run", "init_journal_type_seq", VERSION), (), 1, []),
        (_without("init_journal_run", "init_journal_type_seq"), ("0001",), 1, []),
        (
            _without("init_journal_run", "init_journal_type_seq", VERSION),
            (),
            3,
            [RUN, TYPE, MAKES_VERSION, f"INSERT INTO {AT}init_journal_version VALUES ('0003')"],
        ),
        (
            _without("init_journal_type_seq", VERSION),
            (),
            2,
            [MAKES_VERSION, f"INSERT INTO {AT}init_journal_version VALUES ('0002')"],
        ),
        (_without("init_journal_type_seq"), ("0003",), 3, [TYPE]),
        (
            WITH_FORMER,
            ("0003",),
            1,
            [
                f"DROP INDEX {AT}init_journal_run",
                f"DROP INDEX {AT}init_journal_type_seq",
                f"DROP INDEX {AT}init_journal_type",
                f"DELETE FROM {AT}init_journal_version",
                f"INSERT INTO {AT}init_journal_version VALUES ('0001')",
            ],
        ),
        (WHOLE, (), 3, [f"INSERT INTO {AT}init_journal_version VALUES ('0003')"]),
        (
            WHOLE,
            ("0001", "0002"),
            3,
            [
                f"DELETE FROM {AT}init_journal_version",
                f"INSERT INTO {AT}init_journal_version VALUES ('0003')",
            ],
        ),
    ],
)
def test_what_makes_a_journal_of_a_version(
    found: Mapping[str, Relation], rows: tuple[str, ...] | None, version: int, statements: list[str]
) -> None:
    """A journal that is complete needs no statement. If the version's row may not be read, it is not
    changed."""
    assert list(amendments(found, rows, version, DDL, AT)) == statements


def test_the_names_of_a_journal() -> None:
    """These names are looked up in a database."""
    assert SCHEMA_VERSION == 5
    assert sorted(OF_THE_JOURNAL) == sorted(WITH_FORMER)
