"""No literal of SQL is left when it is masked, wherever it stands and however it is written."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable

import psycopg2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from initdb.errors.masking import masked, names_in

CANARY = "k4naryx"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("ALTER TABLE orders ADD COLUMN total NUMERIC(10, 2) DEFAULT 0.5", None),
        ("INSERT INTO users (name) VALUES ('it''s k4naryx')", "INSERT INTO users (name) VALUES (…)"),
        ("INSERT INTO t VALUES (E'a\\'k4naryx', 1e-5, 0x1F, B'01', N'x')", None),
        ("INSERT INTO t VALUES (U&'k4naryx \\00e9' UESCAPE '!')", None),
        ("DO $$ BEGIN PERFORM 'k4naryx'; END $$", "DO …"),
        ("SELECT $tag$ $$ k4naryx $$ $tag$ AS x", "SELECT … AS x"),
        ("SELECT $“$ k4naryx $“$", "SELECT …"),
        ("SELECT 1 /* k4naryx /* k4naryx */ k4naryx */ + a -- k4naryx", "SELECT … + a"),
        ("SELECT 'a' 'k4naryx", "SELECT …"),
        ("SELECT 'O'Brien k4naryx'", "SELECT …"),
        ("SELECT 'a\\' OR k4naryx --'", "SELECT …"),
        ("SELECT E'a'\n'b\\'k4naryx'", "SELECT …"),
        ("SET app.token TO k4naryx", "SET app.token TO …"),
        ("SET LOCAL app.token = k4naryx; SELECT a", "SET LOCAL app.token = …; SELECT a"),
        ("ALTER ROLE app SET app.token = k4naryx", "ALTER ROLE app SET app.token = …"),
        (
            "UPDATE users SET admin = TRUE, pin = 7 WHERE id = $1",
            "UPDATE users SET admin = …, pin = … WHERE id = $1",
        ),
        ("UPDATE users SET a = %(a)s, b = b || 'k4naryx'", "UPDATE users SET a = %(a)s, b = b || …"),
        ('SELECT "Sku" FROM shop."Orders"', 'SELECT "Sku" FROM shop."Orders"'),
        ("ALTER TYPE mood ADD VALUE 'k4naryx'", "ALTER TYPE mood ADD VALUE …"),
        ("COMMENT ON TABLE t IS 'k4naryx'", "COMMENT ON TABLE t IS …"),
    ],
)
def test_on_postgresql(sql: str, shown: str | None) -> None:
    found = masked(sql, "postgresql")
    assert CANARY not in found
    assert shown is None or found == shown


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ('ALTER TABLE "order" ADD COLUMN "from" VARCHAR(20) DEFAULT \'k4naryx\'', None),
        ('INSERT INTO "order" VALUES ("k4naryx", X\'6b34\', 12)', 'INSERT INTO "order" VALUES (…, …, …)'),
        ('SELECT 1 WHERE x IS DISTINCT FROM "k4naryx"', None),
        ("SELECT /* /* */ a, '*/ k4naryx'", "SELECT a, …"),
        ("SELECT a /* k4naryx", "SELECT a"),
        ("PRAGMA key = k4naryx", "PRAGMA key = …"),
        ("PRAGMA hexkey(k4naryx)", "PRAGMA hexkey(…)"),
        ("SELECT `a`, [b c] FROM t", "SELECT `a`, [b c] FROM t"),
        ("SELECT a -- k4naryx\r k4naryx\n FROM t", "SELECT a FROM t"),
        ("SELECT 'a\\' FROM t WHERE b = 'k4naryx'", "SELECT … FROM t WHERE b = …"),
    ],
)
def test_on_sqlite(sql: str, shown: str | None) -> None:
    found = masked(sql, "sqlite")
    assert CANARY not in found
    assert shown is None or found == shown


def test_what_could_not_be_parsed_is_cut_at_its_first_value() -> None:
    sql = "INSERT INTO t (a) VALUES (k4naryx' more)"
    assert masked(sql, "postgresql", broken=True) == "INSERT INTO t (a) VALUES …"
    assert masked("SELECT 'a' k4naryx ' b'", "sqlite", broken=True) == "SELECT …"


def test_of_an_unknown_database_only_the_first_word_is_shown() -> None:
    assert masked("UPDATE t SET a = k4naryx", "") == "UPDATE …"
    assert masked("k4naryx1", None) == "…"


def test_the_names_of_a_statement() -> None:
    sql = "INSERT INTO shop.\"Orders\" (sku) VALUES ('k4naryx')"
    assert names_in(sql, "postgresql") == {"INSERT", "INTO", "shop", "Orders", "sku", "VALUES"}


Written = tuple[Callable[[str], str], str]
TEXT = st.text(st.sampled_from("ab'\"$\\/*-; \n\r\té“.1#`[]%:?=("), max_size=12)
INSIDE = st.tuples(TEXT, TEXT).map(lambda ends: f"{ends[0]} {CANARY} {ends[1]}")
WHERE = st.sampled_from(
    [
        "INSERT INTO t (a, b) VALUES ({}, 1)",
        "SELECT a FROM t WHERE a = {} AND b <> {}",
        "UPDATE t SET a = {}::text WHERE b IN ({}, {})",
        "ALTER TABLE t ADD COLUMN c text DEFAULT {}",
        "/* a */ SELECT f({}) -- b\n, {}",
    ]
)


def _plain(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _escape(value: str) -> str:
    return "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _dollar(value: str) -> str:
    tag = next(tag for tag in ("$$", "$x$", "$é$", "$yy$") if tag not in f"{value}$")
    return f"{tag}{value}{tag}"


def _comment(value: str) -> str:
    return "1 /*" + value.replace("*/", "").replace("/*", "").strip("*/") + " */"


def _line(value: str) -> str:
    return "1 --" + value.replace("\n", " ").replace("\r", " ") + "\n"


def _written(*ways: Callable[[str], str]) -> st.SearchStrategy[list[Written]]:
    return st.lists(st.tuples(st.sampled_from(ways), INSIDE), min_size=3, max_size=3)


@given(WHERE, _written(_plain, _escape, _dollar, _line, _comment))
@example(
    "SELECT a FROM t WHERE a = {} AND b <> {}", [(_plain, f"\\' {CANARY} '"), (_plain, CANARY), (_plain, "")]
)
def test_a_literal_of_postgresql_never_survives(sql: str, literals: list[Written]) -> None:
    assert CANARY not in masked(sql.format(*(write(value) for write, value in literals)), "postgresql")


def _double(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _sqlite_comment(value: str) -> str:
    return "1 /*" + value.replace("*/", "").strip("*/") + " */"


def _sqlite_line(value: str) -> str:
    return "1 --" + value.replace("\n", " ") + "\n"


@given(WHERE, _written(_plain, _double, _sqlite_line, _sqlite_comment))
def test_a_literal_of_sqlite_never_survives(sql: str, literals: list[Written]) -> None:
    written = sql.replace("::text", "").format(*(write(value) for write, value in literals))
    assert CANARY not in masked(written, "sqlite")


@given(st.text(max_size=60), st.sampled_from(["sqlite", "postgresql", "", None]), st.booleans())
def test_it_never_raises_and_masks_once(sql: str, database: str | None, broken: bool) -> None:
    once = masked(sql, database, broken=broken)
    assert "\n" not in once
    assert len(once) <= 2 * len(sql) + 3


@given(st.lists(INSIDE, min_size=1, max_size=20))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_databases_read_these_literals_as_one_value(postgresql_url: str, values: list[str]) -> None:
    """The ways in which the tests above write a literal are those of the databases."""
    lite, server = sqlite3.connect(":memory:"), psycopg2.connect(postgresql_url.replace("+psycopg2", ""))
    with contextlib.closing(lite), contextlib.closing(server), server.cursor() as cursor:
        for value in values:
            cursor.execute(f"SELECT {_plain(value)}, {_escape(value)}, {_dollar(value)}")
            assert cursor.fetchone() == (value,) * 3
            assert lite.execute(f"SELECT {_plain(value)}, {_double(value)}").fetchone() == (value,) * 2
