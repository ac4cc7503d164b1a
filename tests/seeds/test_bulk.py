"""Many rows at once: the same rows, counts and errors as one by one, and only where that is possible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    create_engine,
    insert,
    make_url,
    select,
    text,
)

from initdb.errors import InitError
from initdb.events.database import database_of
from initdb.events.sessions import session
from initdb.steps.seeds.batches import batches_of
from initdb.steps.seeds.model import OnConflict, SeedSource
from initdb.steps.seeds.rows import BatchCounts, apply_batch
from tests.seeds.bulk_support import together, written
from tests.seeds.support import kinds, make_tables, members, roles

DRIVERS = {"sqlite": "sqlite", "psycopg2": "postgresql", "psycopg": "postgresql"}


@pytest.fixture(params=DRIVERS)
def work(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection as steps get it, in an open transaction, with each driver."""
    url = make_url(request.getfixturevalue(f"{DRIVERS[request.param]}_url"))
    engine = create_engine(
        url if request.param == "sqlite" else url.set(drivername=f"postgresql+{request.param}"),
        poolclass=NullPool,
    )
    make_tables(engine)
    with session(engine) as connection:
        database_of(connection).begin(connection)
        yield connection
        database_of(connection).rollback(connection)
    engine.dispose()


class NeverOneByOne(Exception):
    """Rows were stored one by one, though they need not be."""


@contextmanager
def only_together(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In the block, rows must be stored together."""

    def refuse(*_: object) -> None:
        raise NeverOneByOne

    with monkeypatch.context() as patch:
        patch.setattr("initdb.steps.seeds.bulk.apply_batch", refuse)
        yield


def rows_of(work: Connection, table: Table) -> list[Any]:
    """The rows without the number that the database gave. psycopg2 writes 0.0 for -0.0, and COPY does not."""
    columns = [column for column in table.columns if column.name != "id"]
    return sorted(repr(row).replace("-0.0,", "0.0,") for row in work.execute(select(*columns)))


HEADER = ["code", "flag", "count", "price", "ratio", "day", "moment", "instant", "data", "uid", "size"]
GOOD: dict[str, st.SearchStrategy[str]] = {
    "flag": st.sampled_from(["", "true", "No", " 1 "]),
    "count": st.one_of(
        st.just(""), st.integers(-(2**31), 2**31 - 1).map(str), st.sampled_from(["007", "+5", " 3"])
    ),
    "price": st.one_of(
        st.sampled_from(["", "1", "1.5", "1.005", "-0.00"]),
        st.decimals(-9999999, 9999999, places=2).map(str),
    ),
    "ratio": st.one_of(st.just(""), st.floats(allow_nan=False, allow_infinity=False).map(repr)),
    "day": st.one_of(st.just(""), st.dates().map(str)),
    "moment": st.one_of(
        st.just(""),
        st.datetimes().map(str),
        st.datetimes().map(lambda found: found.replace(microsecond=0).isoformat()),
    ),
    "instant": st.sampled_from(["", "2026-11-23T08:06:41", "2026-11-23 09:06:41.5+01:00"]),
    "data": st.sampled_from(["", '{"a": [1, null]}', '"x"', "null"]),
    "uid": st.one_of(st.just(""), st.uuids().map(str), st.uuids().map(lambda found: found.hex.upper())),
    "size": st.sampled_from(["", "small", "large"]),
}
BAD = {
    **{
        "flag": "maybe",
        "count": "5-",
        "price": "1,1",
        "ratio": "half",
        "day": "2026-02-30",
        "moment": "noon",
    },
    **{"instant": "9999-12-31T23:59:59-14:00", "data": "{", "uid": "secret", "size": "medium"},
}
CODES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=4)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, ...]], list[int]]:
    """A header in any order, rows, and which of them are stored before; one value in ten files is wrong."""
    codes = draw(
        st.lists(
            st.one_of(CODES, st.sampled_from(["a\\b", "a\tb", "a\nb", "\\N", 'q"', "é", "a"])), max_size=8
        )
    )
    rows = [{"code": code, **{name: draw(cell) for name, cell in GOOD.items()}} for code in codes]
    if rows and draw(st.integers(0, 9)) == 0:
        name = draw(st.sampled_from(sorted(BAD)))
        draw(st.sampled_from(rows))[name] = BAD[name]
    header = draw(st.permutations(HEADER))
    before = draw(st.lists(st.integers(0, max(len(rows) - 1, 0)), max_size=4)) if rows else []
    return list(header), [tuple(row[name] for name in header) for row in rows], before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(files(), st.integers(1, 9), st.booleans())
def test_any_file_gives_the_same_as_one_by_one(
    work: Connection,
    tmp_path: Path,
    file: tuple[list[str], list[tuple[str, ...]], list[int]],
    size: int,
    changed: bool,
) -> None:
    """All types, quotes, empty cells, any order of columns, keys twice, rows that exist or differ."""
    header, cells, before = file
    source = written(tmp_path, kinds, header, cells)
    stored_before = written(tmp_path, kinds, header, [cells[at] for at in before])
    outcomes = []
    for way in ("together", "one by one"):
        nested = work.begin_nested()
        try:
            for batch in batches_of(stored_before, 100):
                apply_batch(work, kinds, batch.rows(kinds), ("code",))
            if changed:
                work.execute(kinds.update().values(count=77))
            if way == "together":
                found: Any = together(work, kinds, ("code",), batches_of(source, size))
            else:
                every = [row for batch in batches_of(source, size) for row in batch.rows(kinds)]
                found = apply_batch(work, kinds, every, ("code",))
            outcomes.append((found, rows_of(work, kinds)))
        except InitError as error:
            outcomes.append((error.reference, *error.context))
        finally:
            nested.rollback()
    assert outcomes[0] == outcomes[1]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), CODES, st.floats(-2, 2).map(lambda n: round(n, 1))
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"code": st.one_of(CODES, st.integers(0, 3)), "count": VALUES, "price": VALUES},
            optional={"data": VALUES},
        ),
        max_size=6,
    ),
    st.integers(1, 7),
    st.sampled_from(["skip", "update"]),
)
def test_any_document_gives_the_same_as_one_by_one(
    work: Connection, tmp_path: Path, rows: list[dict[str, Any]], size: int, on_conflict: OnConflict
) -> None:
    """Values of any type in any column, rows with other columns, and both ways to meet a row that exists."""
    source = SeedSource("f", "python rows", "kinds", "d", function=lambda: rows)
    outcomes = []
    for way in ("together", "one by one"):
        nested = work.begin_nested()
        try:
            if way == "together":
                found: Any = together(work, kinds, ("code",), batches_of(source, size), on_conflict)
            else:
                # Batch by batch: two rows of one batch are compared as they are written, 0 and 0.0 differ.
                counts = [
                    apply_batch(work, kinds, batch.rows(kinds), ("code",), on_conflict)
                    for batch in batches_of(source, size)
                ]
                found = sum(counts, BatchCounts())
            outcomes.append((found, rows_of(work, kinds)))
        except InitError as error:
            outcomes.append((error.reference, *error.context))
        finally:
            nested.rollback()
    assert outcomes[0] == outcomes[1]


def plain(n: int) -> tuple[str, ...]:
    """A row as most files have it, in the order of HEADER."""
    return (
        *(f"k{n} é'\"", "true" if n % 3 else "false", str(n), f"{n}.50", "0.5"),
        *("2026-11-23", f"2026-11-23T08:06:{n % 60:02}", "2026-11-23 08:06:41+00:00"),
        *('{"a": 1}', f"00000000-0000-0000-0000-{n:012}", "small"),
    )


def test_plain_rows_never_go_one_by_one(
    work: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither new ones, nor those that exist, nor both in one batch."""
    if work.dialect.name == "postgresql":
        work.execute(text("SET LOCAL TimeZone = 'UTC'"))
    header = [name for name in HEADER if name != "data"]
    cells = [
        tuple(cell for name, cell in zip(HEADER, plain(n), strict=True) if name != "data") for n in range(50)
    ]
    with only_together(monkeypatch):
        half = written(tmp_path, kinds, header, cells[:25])
        assert together(work, kinds, ("code",), batches_of(half, 10)) == BatchCounts(created=25)
        source = written(tmp_path, kinds, header, cells[::-1])
        assert together(work, kinds, ("code",), batches_of(source, 10)) == BatchCounts(created=25, skipped=25)
        assert together(work, kinds, ("code",), batches_of(source, 10)) == BatchCounts(skipped=50)


def test_documents_never_go_one_by_one(work: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does a key of two columns."""
    rows = [{"tenant": f"t{n % 3}", "email": f"e{n}"} for n in range(50)]
    source = SeedSource("f", "python rows", "members", "d", function=lambda: rows)
    with only_together(monkeypatch):
        assert together(work, members, ("tenant", "email"), batches_of(source, 10)).created == 50
        assert together(work, members, ("tenant", "email"), batches_of(source, 10)).skipped == 50


def test_a_key_without_an_index_in_the_database(work: Connection, tmp_path: Path) -> None:
    """The models say it is unique, and the database does not know. No row is stored twice."""
    keyed = Table(
        "keyed", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(9), unique=True)
    )
    work.execute(text("CREATE TABLE keyed (id integer PRIMARY KEY, name varchar(9))"))
    if work.dialect.name == "postgresql":
        work.execute(text("CREATE UNIQUE INDEX part ON keyed (name) WHERE id > 100"))
    cells = [(str(n), f"n{n % 2}") for n in range(4)]
    source = written(tmp_path, keyed, ["id", "name"], cells)
    assert together(work, keyed, ("name",), batches_of(source, 10)) == BatchCounts(2, 2, 2)


def test_the_database_is_left_as_it_was(work: Connection, tmp_path: Path) -> None:
    """No temporary table, no setting, and the sequence is behind the numbers that were given."""
    source = written(tmp_path, roles, ["id", "name", "rank"], [(str(n), f"n{n}", "1") for n in range(5, 200)])
    together(work, roles, ("name",), batches_of(source, 50))
    together(work, roles, ("name",), batches_of(source, 50))
    assert work.execute(insert(roles).values(name="next")).inserted_primary_key == (200,)
    where = "sqlite_temp_master" if work.dialect.name == "sqlite" else "pg_class WHERE relpersistence = 't'"
    assert work.scalar(text(f"SELECT count(*) FROM {where}")) == 0


def test_a_reference_to_nothing_is_named_with_its_line(work: Connection, tmp_path: Path) -> None:
    """On SQLite too, which does not check it. References that exist are stored together."""
    work.execute(insert(roles), [{"id": n, "name": f"r{n}"} for n in range(3)])
    header = ["tenant", "email", "role_id"]
    cells = [("t", f"e{n}", str(n % 3)) for n in range(20)]
    source = written(tmp_path, members, header, cells)
    key = ("tenant", "email")
    assert together(work, members, key, batches_of(source, 10)).created == 20
    bad = written(tmp_path, members, header, [*cells, ("t", "x", "9")])
    with pytest.raises(InitError) as caught:
        together(work, members, key, batches_of(bad, 30))
    assert f"{bad.name} line 22: " in caught.value.context[0]
    assert work.scalar(select(members.c.id).where(members.c.email == "x")) is None


def test_a_row_may_refer_to_one_of_its_batch(work: Connection, tmp_path: Path) -> None:
    """Parent and child are stored together."""
    tree = Table(
        "tree", MetaData(), Column("name", String(9), primary_key=True), Column("up", ForeignKey("tree.name"))
    )
    tree.create(work)
    source = written(tmp_path, tree, ["name", "up"], [("root", ""), ("leaf", "root")])
    assert together(work, tree, ("name",), batches_of(source, 10)).created == 2
