"""How a batch of rows is inserted into a table, on both databases."""

from __future__ import annotations

import random
import uuid
from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    CHAR,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Identity,
    Integer,
    Interval,
    MetaData,
    NullPool,
    Numeric,
    Sequence,
    String,
    Table,
    Time,
    TypeDecorator,
    UniqueConstraint,
    create_engine,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import INET

from initdb.errors import InitError
from initdb.errors.driver import Verify
from initdb.steps.catalog.existing import existing
from initdb.steps.seeds.copying import FEWEST, copy_rows
from initdb.steps.seeds.matching import VARIABLES
from initdb.steps.seeds.model import SeedRow
from initdb.steps.seeds.rows import BatchCounts, apply_batch
from tests.seeds.support import Mood, kinds, members, roles


def rows_of(connection: Connection, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    chosen = [table.columns[name] for name in columns]
    return [tuple(row) for row in connection.execute(select(*chosen).order_by(*table.primary_key.columns))]


def asked(work: Connection) -> Verify:
    """What asks the database for the names in its errors."""
    return existing(lambda: nullcontext(work))


def test_rows_that_exist_are_skipped_and_those_that_differ_are_counted(work: Connection) -> None:
    """Nothing of a stored row is changed."""
    work.execute(
        insert(roles), [{"name": "admin", "label": "A", "rank": 1}, {"name": "user", "label": "U", "rank": 7}]
    )
    batch = [
        {"name": "admin", "label": "B"},
        {"name": "user", "label": "U"},
        {"name": "guest", "label": None},
    ]
    assert apply_batch(work, roles, batch, ("name",)) == BatchCounts(created=1, skipped=2, differing=1)
    assert rows_of(work, roles, "name", "label", "rank") == [
        ("admin", "A", 1),
        ("user", "U", 7),
        ("guest", None, 7),
    ]


def test_update_changes_the_rows_that_differ(work: Connection) -> None:
    """Only the columns that the rows give, and an equal row is left alone."""
    work.execute(
        insert(roles), [{"name": "admin", "label": "A", "rank": 1}, {"name": "user", "label": "U", "rank": 7}]
    )
    batch = [{"name": "admin", "label": "B"}, {"name": "user", "label": "U"}]
    assert apply_batch(work, roles, batch, ("name",), "update") == BatchCounts(skipped=1, updated=1)
    assert rows_of(work, roles, "name", "label", "rank") == [("admin", "B", 1), ("user", "U", 7)]


def test_a_null_in_a_key_is_a_value(work: Connection) -> None:
    """Seeding again creates no second row, although a unique constraint would allow one."""
    batch = [{"tenant": None, "email": "a"}, {"tenant": "t", "email": "a"}, {"tenant": "t", "email": "b"}]
    key = ("tenant", "email")
    assert apply_batch(work, members, batch, key) == BatchCounts(created=3)
    assert apply_batch(work, members, batch, key) == BatchCounts(skipped=3)


def test_a_key_of_nothing_but_null_is_refused(work: Connection) -> None:
    """Nothing would identify such a row later."""
    with pytest.raises(InitError) as caught:
        apply_batch(work, members, [SeedRow({"email": "x", "tenant": None}, "m.csv line 2")], ("tenant",))
    assert caught.value.reference == "seed-key-missing"
    assert "m.csv line 2" in caught.value.context[0]


def test_a_row_without_a_column_of_the_key_is_refused(work: Connection) -> None:
    """A row with a column that the table lacks is refused too."""
    for row, reference in (
        ({"label": "x"}, "seed-column-missing"),
        ({"name": "x", "lable": 1}, "seed-column-unknown"),
    ):
        with pytest.raises(InitError) as caught:
            apply_batch(work, roles, [row], ("name",))
        assert caught.value.reference == reference


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
@pytest.mark.parametrize("on_conflict", ["skip", "update"])
def test_a_key_twice_in_a_file_is_as_if_stored_before(
    tables: Engine, work: Connection, cut: int, on_conflict: Any
) -> None:
    """Rows and counts are the same, whether the two rows are in one batch or in two."""
    file = [{"name": n, "label": v} for n, v in (("a", "1"), ("a", "1"), ("b", "2"), ("a", "3"), ("a", "4"))]
    batches = [file[:cut], file[cut:]]
    counts = sum(
        (apply_batch(work, roles, batch, ("name",), on_conflict) for batch in batches), BatchCounts()
    )
    if on_conflict == "skip":
        assert counts == BatchCounts(created=2, skipped=3, differing=2)
    else:
        assert counts == BatchCounts(created=2, skipped=1, updated=2)
    label = "1" if on_conflict == "skip" else "4"
    assert rows_of(work, roles, "name", "label") == [("a", label), ("b", "2")]


@pytest.mark.parametrize(
    ("row", "said", "code"),
    [
        ({"name": None, "label": "x"}, "name", ("23502", "SQLITE_CONSTRAINT_NOTNULL")),
        ({"name": "b", "rank": -1}, "ck_rank", ("23514", "SQLITE_CONSTRAINT_CHECK")),
        ({"name": "b", "id": 1}, "roles", ("23505", "SQLITE_CONSTRAINT_PRIMARYKEY")),
        ({"name": "b", "label": {"a": 1}}, "", (None, None)),
    ],
)
def test_a_refused_row_is_named(
    work: Connection, row: dict[str, object], said: str, code: tuple[str | None, ...]
) -> None:
    """The error has place, constraint and code, but no value; no row of the batch stays."""
    work.execute(insert(roles), [{"name": "first"}])
    batch = [
        SeedRow({"name": "fine", "label": "hunter2"}, "r.csv line 2"),
        SeedRow({"label": "hunter2", **row}, "r.csv line 3"),
    ]
    batch += [SeedRow({"name": f"more{n}", "label": "x"}, f"r.csv line {n + 4}") for n in range(FEWEST)]
    key = ("name",) if row.get("name") else ("label",)
    with pytest.raises(InitError) as caught:
        apply_batch(work, roles, batch, key, verify=asked(work))
    error = caught.value
    assert error.reference == "seed-rejected"
    assert error.context[0].startswith("r.csv line 3: roles: ")
    assert said in error.context[0]
    assert error.rendered().sqlstate in code
    assert "hunter2" not in str(error)
    assert error.__suppress_context__


def test_a_reference_to_nothing_is_refused_with_its_line(work: Connection) -> None:
    """On SQLite too, where the application's connections do not enforce foreign keys."""
    batch = [
        SeedRow({"tenant": "t", "email": e, "role_id": r}, f"m.csv line {r}") for e, r in (("a", 3), ("b", 4))
    ]
    work.execute(insert(roles), [{"id": 3, "name": "r"}])
    with pytest.raises(InitError) as caught:
        apply_batch(work, members, batch, ("tenant", "email"), verify=asked(work))
    assert caught.value.reference == "seed-rejected"
    assert "m.csv line 4" in caught.value.context[0]
    assert "role" in caught.value.context[0]


def test_rows_may_refer_to_each_other(engine: Engine, work: Connection) -> None:
    """Parent and child in one batch."""
    tree = Table(
        "tree", MetaData(), Column("name", String(9), primary_key=True), Column("up", ForeignKey("tree.name"))
    )
    tree.create(work)
    assert apply_batch(work, tree, [{"name": "root"}, {"name": "leaf", "up": "root"}], ("name",)).created == 2
    with pytest.raises(InitError):
        apply_batch(work, tree, [{"name": "lost", "up": "nowhere"}], ("name",))


def test_more_rows_than_a_query_has_variables(work: Connection) -> None:
    """The keys are asked for in chunks."""
    batch = [{"tenant": None if n % 7 == 0 else "t", "email": f"e{n}"} for n in range(VARIABLES * 3)]
    key = ("tenant", "email")
    assert apply_batch(work, members, batch, key) == BatchCounts(created=len(batch))
    random.Random(1).shuffle(batch)
    assert apply_batch(work, members, batch, key) == BatchCounts(skipped=len(batch))


def everything(code: str) -> dict[str, object]:
    return {
        "code": code,
        "flag": True,
        "count": -3,
        "price": Decimal("1.005"),
        "ratio": 0.1,
        "day": date(2026, 11, 23),
        "moment": datetime(2026, 11, 23, 8, 6, 41, 5),
        "instant": datetime(2026, 11, 23, 8, 6, 41, tzinfo=UTC),
        "data": {"tab\t": 'quo"te\\n', "n": [1, None, "ü\n"]},
        "blob": b"\x00\\x\xff",
        "uid": uuid.UUID(int=7),
        "mood": Mood.sad,
        "size": "small",
    }


@pytest.mark.parametrize("many", [3, FEWEST + 20])
def test_every_kind_of_value_is_stored_and_recognized(work: Connection, many: int) -> None:
    """INSERT and COPY store the same, and a second seeding finds no difference."""
    texts = ["plain", "tab\t", "back\\slash", "\\N", "new\nline", "cr\r", "ünï", "", "\\."]
    batch = [everything(texts[n] if n < len(texts) else f"code{n}") for n in range(many)]
    assert apply_batch(work, kinds, batch, ("code",)) == BatchCounts(created=many)
    assert apply_batch(work, kinds, batch, ("code",)) == BatchCounts(skipped=many)
    empty = [{**dict.fromkeys(everything("x")), "code": f"null{n}"} for n in range(many)]
    assert apply_batch(work, kinds, empty, ("code",)) == BatchCounts(created=many)
    assert apply_batch(work, kinds, empty, ("code",)) == BatchCounts(skipped=many)
    found = work.execute(select(kinds).where(kinds.c.code == "back\\slash")).mappings().one()
    assert found["data"] == everything("")["data"]
    assert (found["blob"], found["mood"], found["uid"]) == (b"\x00\\x\xff", Mood.sad, uuid.UUID(int=7))
    changed = [{**everything("plain"), "price": Decimal("1.02")}]
    assert apply_batch(work, kinds, changed, ("code",)) == BatchCounts(skipped=1, differing=1)


@pytest.mark.parametrize("many", [1, FEWEST])
def test_values_without_a_text_form_are_inserted(work: Connection, many: int) -> None:
    """COPY leaves intervals and the like to INSERT, however many rows there are."""
    table = Table(
        "spans",
        MetaData(),
        Column("code", CHAR(8), primary_key=True),
        Column("span", Interval),
        Column("at", Time),
        Column("odd", Numeric),
    )
    table.create(work)
    given = {"span": timedelta(days=1, seconds=2), "at": time(8, 6, 41), "odd": Decimal("1E+2")}
    batch = [{"code": f"c{n}", **given} for n in range(many)]
    assert apply_batch(work, table, batch, ("code",)) == BatchCounts(created=many)
    assert apply_batch(work, table, batch, ("code",)) == BatchCounts(skipped=many)


@pytest.mark.parametrize("many", [1, FEWEST])
def test_a_number_that_only_the_database_gives(postgresql_url: str, many: int) -> None:
    """With PostgreSQL's GENERATED ALWAYS, a row that has a number is refused, in small and large batches."""
    table = Table(
        "numbered",
        MetaData(),
        Column("id", Integer, Identity(always=True), primary_key=True),
        Column("n", String(9), unique=True),
    )
    with create_engine(postgresql_url, poolclass=NullPool).begin() as connection:
        table.create(connection)
        assert apply_batch(connection, table, [{"n": "free"}], ("n",)).created == 1
        batch = [SeedRow({"id": 900 + n, "n": f"n{n}"}, f"x.csv line {n + 2}") for n in range(many)]
        with pytest.raises(InitError) as caught:
            apply_batch(connection, table, batch, ("n",))
    assert caught.value.context[0].startswith("x.csv line 2: numbered: ")


def test_copy_is_taken_where_it_loses_nothing(work: Connection) -> None:
    """For many rows on psycopg2; not where SQLAlchemy would add a default."""
    plain = [{"name": f"n{n}", "rank": 1} for n in range(FEWEST)]
    postgresql = work.dialect.name == "postgresql"
    assert copy_rows(work, roles, plain[: FEWEST - 1]) is False
    assert copy_rows(work, roles, [{"name": row["name"]} for row in plain]) is False
    assert copy_rows(work, roles, plain) is postgresql


@pytest.mark.parametrize("many", [2, FEWEST])
def test_defaults_of_the_models_are_not_lost(work: Connection, many: int) -> None:
    """The Python default is taken before the server's, however many rows there are."""
    assert apply_batch(work, roles, [{"name": f"n{n}"} for n in range(many)], ("name",)).created == many
    assert {rank for (rank,) in rows_of(work, roles, "rank")} == {7}


@pytest.mark.parametrize("many", [2, FEWEST])
def test_numbers_given_are_not_given_again(work: Connection, many: int) -> None:
    """The application's next row gets a number beyond those of the seed."""
    batch = [{"id": n + 1, "name": f"n{n}", "rank": 1} for n in range(many)]
    apply_batch(work, roles, batch, ("name",))
    assert work.execute(insert(roles).values(name="next")).inserted_primary_key == (many + 1,)
    apply_batch(work, roles, [{"id": 1000, "name": "far"}], ("name",))
    apply_batch(work, roles, [{"id": 500, "name": "near"}], ("name",))
    assert work.execute(insert(roles).values(name="after")).inserted_primary_key == (1001,)


def test_the_sequence_of_a_model_is_moved_too(work: Connection) -> None:
    """The sequence is not owned by the column, and its name needs quotes."""
    metadata = MetaData()
    own = Table(
        "Odd name",
        metadata,
        Column("the Id", Integer, Sequence("Its seq"), primary_key=True),
        Column("n", String, unique=True),
    )
    metadata.create_all(work)
    apply_batch(work, own, [{"the Id": 41, "n": "a"}], ("n",))
    assert work.execute(insert(own).values(n="b")).inserted_primary_key == (42,)


def test_keys_that_only_the_database_takes_for_the_same(work: Connection) -> None:
    """A collation that ignores case, an address with a mask: row by row the database finds them."""
    if work.dialect.name == "sqlite":
        kind, names = String(20, "NOCASE"), ("Admin", "ADMIN", "guest", "Guest")
    else:
        kind, names = INET(), ("10.0.0.1", "10.0.0.1/32", "::1", "0:0::1")
    named = Table("named", MetaData(), Column("name", kind, primary_key=True), Column("note", String))
    named.create(work)
    first, same, new, again = names
    apply_batch(work, named, [{"name": first, "note": "x"}], ("name",))
    batch = [{"name": same, "note": "x"}, {"name": new, "note": "y"}, {"name": again, "note": "z"}]
    assert apply_batch(work, named, batch, ("name",)) == BatchCounts(created=1, skipped=2, differing=1)


def test_columns_that_the_models_call_otherwise(work: Connection) -> None:
    """Files name the database's columns; the models' names work as well."""
    table = Table(
        "renamed",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("user_name", String(20), key="name", unique=True),
        Column("note", String(20)),
    )
    table.create(work)
    apply_batch(work, table, [{"user_name": "a", "note": "x"}, {"name": "b"}], ("user_name",))
    assert apply_batch(work, table, [{"user_name": "a", "note": "y"}], ("user_name",)).differing == 1
    assert rows_of(work, table, "name", "note") == [("a", "x"), ("b", None)]


class Lower(TypeDecorator[str]):
    """Stores in lower case."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return value.lower() if value else value


@pytest.mark.parametrize("many", [1, FEWEST])
def test_types_of_the_applications_own_are_applied(work: Connection, many: int) -> None:
    """Also by COPY, and in the comparison."""
    table = Table("lowered", MetaData(), Column("name", Lower, primary_key=True), Column("note", Lower))
    table.create(work)
    batch = [{"name": f"N{n}", "note": "X"} for n in range(many)]
    assert apply_batch(work, table, batch, ("name",)) == BatchCounts(created=many)
    assert apply_batch(work, table, batch, ("name",)) == BatchCounts(skipped=many)
    assert work.exec_driver_sql("SELECT min(name), max(note) FROM lowered").one() == ("n0", "x")


def test_errors_that_are_not_the_rows_pass(work: Connection) -> None:
    """A missing table is not the row's fault, so the loop classifies the driver's own error."""
    absent = Table("absent", MetaData(), Column("name", String, primary_key=True))
    with pytest.raises(Exception, match="absent") as caught:
        apply_batch(work, absent, [{"name": "x"}], ("name",))
    assert not isinstance(caught.value, InitError)


def test_no_rows_are_nothing_to_do(work: Connection) -> None:
    """An empty file."""
    assert apply_batch(work, roles, [], ()) == BatchCounts()


def test_a_unique_constraint_beside_the_key_is_respected(work: Connection) -> None:
    """A new row of the key whose other unique value exists is refused, with the constraint."""
    table = Table(
        "two_keys",
        MetaData(),
        Column("name", String(9), primary_key=True),
        Column("code", String(9)),
        UniqueConstraint("code", name="uq_code"),
    )
    table.create(work)
    apply_batch(work, table, [{"name": "a", "code": "x"}], ("name",))
    with pytest.raises(InitError) as caught:
        row = SeedRow({"name": "b", "code": "x"}, "t.csv line 9")
        apply_batch(work, table, [row], ("name",), verify=asked(work))
    assert "t.csv line 9" in caught.value.context[0]
    assert "code" in caught.value.context[0]
