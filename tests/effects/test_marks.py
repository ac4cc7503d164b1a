"""Each statement with the mark that it gets, or with none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from initdb.steps.effects.marks import marks
from initdb.steps.effects.schema import Present
from initdb.steps.effects.types import ColumnType, narrows, rewrites

TABLES = {
    (None, "item"): {"id": "INTEGER", "name": "VARCHAR(40)", "price": "NUMERIC(10, 2)", "note": "TEXT"},
    (None, "part"): {"id": "BIGINT"},
    (None, "Order"): {"id": "INTEGER"},
    ("stock", "bin"): {"id": "INTEGER"},
}
PRESENT = Present(TABLES, TABLES.__getitem__, "public")


def texts(database: str, *scripts: Sequence[str]) -> list[list[str]]:
    """The marks of each script, each as its kind and its text."""
    return [[f"{one.kind} {one.text}" for one in found] for found in marks(scripts, database, PRESENT)]


CUT = ": values that do not fit fail it, or are cut"
REWRITTEN = "; every row is rewritten, and reads and writes of item wait"

EITHER = [
    ("DROP TABLE item", "destructive drops table item with its rows"),
    ("drop table if exists public.item cascade", "destructive drops table item with its rows"),
    ('DROP TABLE "Order"', "destructive drops table Order with its rows"),
    ("DROP TABLE Order_", None),
    ("DROP TABLE Item", "destructive drops table item with its rows"),
    ("DROP TABLE stock.bin", "destructive drops table stock.bin with its rows"),
    ("DROP TABLE bin", None),
    ("DROP TABLE IF EXISTS nothing", None),
    ("/* DROP TABLE item */ SELECT 'DROP TABLE item' -- DROP TABLE item", None),
    ("SELECT 1; DROP TABLE item", "destructive drops table item with its rows"),
    ("DROP VIEW item", None),
    ("DROP INDEX ix_item", None),
    ("ALTER TABLE item DROP COLUMN price", "destructive drops column item.price with its values"),
    ("ALTER TABLE item DROP price", "destructive drops column item.price with its values"),
    (
        "ALTER TABLE ONLY public.item DROP COLUMN IF EXISTS note CASCADE",
        "destructive drops column item.note with its values",
    ),
    ("ALTER TABLE nothing DROP COLUMN price", None),
    ("ALTER TABLE item RENAME COLUMN name TO title", None),
    ("ALTER TABLE item ADD COLUMN size INTEGER", None),
    ("DELETE FROM item", "destructive deletes every row of item"),
    ("DELETE FROM item AS i WHERE id = 1", "destructive deletes rows of item"),
    ("DELETE FROM nothing", None),
    (
        "WITH gone AS (DELETE FROM item WHERE id = 1 RETURNING *) INSERT INTO part SELECT id FROM gone",
        "destructive deletes rows of item",
    ),
    ("INSERT INTO item (name) VALUES ('DELETE FROM item')", None),
    ("CREATE TABLE other (id INTEGER REFERENCES item (id))", None),
]

POSTGRESQL = [
    ("TRUNCATE item", "destructive deletes every row of item"),
    ("TRUNCATE TABLE ONLY item RESTART IDENTITY", "destructive deletes every row of item"),
    ("DROP SCHEMA stock CASCADE", "destructive drops schema stock with everything in it"),
    ("DROP TYPE mood", None),
    ("DROP TYPE mood CASCADE", "destructive drops type mood and every column that uses it"),
    (
        "DROP EXTENSION IF EXISTS citext CASCADE",
        "destructive drops extension citext and every column that uses it",
    ),
    (
        "ALTER TABLE item DROP CONSTRAINT ck",
        "destructive drops constraint ck of item: rows that break it are accepted from then on",
    ),
    ("CREATE INDEX ix ON item (name)", "blocks builds index ix; writes to item wait"),
    (
        "CREATE UNIQUE INDEX IF NOT EXISTS ix ON ONLY item USING btree (name)",
        "blocks builds index ix; writes to item wait",
    ),
    ("CREATE INDEX ON item (name)", "blocks builds an index; writes to item wait"),
    ("CREATE INDEX CONCURRENTLY ix ON item (name)", None),
    ("CREATE INDEX ix ON nothing (name)", None),
    ("REINDEX TABLE item", "blocks rebuilds table item; writes to the table wait"),
    ("REINDEX TABLE CONCURRENTLY item", None),
    ("VACUUM FULL item", "blocks VACUUM FULL rewrites item; reads and writes wait"),
    ("VACUUM (FULL, ANALYZE) item", "blocks VACUUM FULL rewrites item; reads and writes wait"),
    ("VACUUM ANALYZE item", None),
    ("CLUSTER item USING ix", "blocks CLUSTER rewrites item; reads and writes wait"),
    ("LOCK TABLE item", "blocks locks item; writes to it wait"),
    ("LOCK item IN SHARE MODE NOWAIT", "blocks locks item; writes to it wait"),
    ("LOCK TABLE item IN ROW EXCLUSIVE MODE", None),
    ("REFRESH MATERIALIZED VIEW totals", "blocks refreshes totals; reads of it wait"),
    ("REFRESH MATERIALIZED VIEW CONCURRENTLY totals", None),
    ("UPDATE item SET price = 0", "blocks updates every row of item; other writes to these rows wait"),
    ("UPDATE item SET price = 0 WHERE id < 100", None),
    ("ALTER TABLE item ALTER COLUMN name TYPE VARCHAR(80)", None),
    ("ALTER TABLE item ALTER name SET DATA TYPE text", None),
    (
        "ALTER TABLE item ALTER COLUMN id TYPE BIGINT",
        "blocks changes item.id to bigint; every row is rewritten, and reads and writes of item wait",
    ),
    (
        "ALTER TABLE item ALTER COLUMN name TYPE VARCHAR(20)",
        "destructive makes item.name narrower (varchar(20)): values that do not fit fail it, or are cut",
        "blocks changes item.name to varchar(20); every row is rewritten, and reads and writes of item wait",
    ),
    (
        "ALTER TABLE item ALTER COLUMN price TYPE INTEGER USING price::integer",
        "destructive makes item.price narrower (integer): values that do not fit fail it, or are cut",
        "blocks changes item.price to integer; every row is rewritten, and reads and writes of item wait",
    ),
    (
        "ALTER TABLE item ALTER COLUMN unheard TYPE BIGINT",
        "blocks changes item.unheard to bigint; every row is rewritten, and reads and writes of item wait",
    ),
    (
        "ALTER TABLE item ALTER COLUMN name SET NOT NULL",
        "blocks sets item.name NOT NULL; every row is read, and reads and writes of item wait",
    ),
    ("ALTER TABLE item ALTER COLUMN name DROP NOT NULL", None),
    ("ALTER TABLE item ALTER COLUMN name SET DEFAULT 'x'", None),
    (
        "ALTER TABLE item ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES part (id)",
        "blocks adds foreign key fk; every row is read, and writes to item and part wait",
    ),
    ("ALTER TABLE item ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES part (id) NOT VALID", None),
    (
        "ALTER TABLE item ADD FOREIGN KEY(id) REFERENCES item (id)",
        "blocks adds foreign key; every row is read, and writes to item wait",
    ),
    (
        "ALTER TABLE item ADD CONSTRAINT ck CHECK (price > 0)",
        "blocks adds check ck; every row is read, and reads and writes of item wait",
    ),
    ("ALTER TABLE item ADD CONSTRAINT ck CHECK (price > 0) NOT VALID", None),
    ("ALTER TABLE item VALIDATE CONSTRAINT ck", None),
    (
        "ALTER TABLE item ADD CONSTRAINT uq UNIQUE (name)",
        "blocks adds unique constraint uq; its index is built, and reads and writes of item wait",
    ),
    ("ALTER TABLE item ADD CONSTRAINT uq UNIQUE USING INDEX ix", None),
    (
        "ALTER TABLE item ADD PRIMARY KEY (id)",
        "blocks adds primary key; its index is built, and reads and writes of item wait",
    ),
    ("ALTER TABLE item ADD COLUMN size INTEGER DEFAULT 0 NOT NULL", None),
    ("ALTER TABLE item ADD COLUMN made TIMESTAMP WITH TIME ZONE DEFAULT now()", None),
    (
        "ALTER TABLE item ADD COLUMN key UUID DEFAULT gen_random_uuid()",
        f"blocks adds column key with default gen_random_uuid(){REWRITTEN}",
    ),
    (
        "ALTER TABLE item ADD COLUMN number BIGSERIAL",
        "blocks adds column number, numbered; every row is rewritten, and reads and writes of item wait",
    ),
    (
        "ALTER TABLE item ADD COLUMN total NUMERIC GENERATED ALWAYS AS (price * 2) STORED",
        "blocks adds column total, computed; every row is rewritten, and reads and writes of item wait",
    ),
    (
        "ALTER TABLE item ADD COLUMN part_id INTEGER REFERENCES part (id)",
        "blocks adds column part_id with a foreign key; every row is read, and writes to item and part wait",
    ),
    (
        "ALTER TABLE item ADD COLUMN size INTEGER, DROP COLUMN price, ADD CHECK (id > 0)",
        "destructive drops column item.price with its values",
        "blocks adds check; every row is read, and reads and writes of item wait",
    ),
    (
        "ALTER TABLE item SET TABLESPACE fast",
        "blocks moves item; every row is rewritten, and reads and writes of item wait",
    ),
    ("ALTER TABLE item SET (fillfactor = 70)", None),
    (
        "DO $$ BEGIN IF true THEN DROP TABLE item; END IF; DELETE FROM part; END $$",
        "destructive drops table item with its rows",
        "destructive deletes every row of part",
    ),
    ("DO $x$ BEGIN RAISE NOTICE 'DROP TABLE item'; END $x$", None),
]

SQLITE = [
    ("CREATE INDEX ix ON item (name)", None),
    ("UPDATE item SET price = 0", None),
    ("DROP TABLE `item`", "destructive drops table item with its rows"),
    ("DROP TABLE [item]", "destructive drops table item with its rows"),
    ("VACUUM", "blocks VACUUM copies the whole file; writes to it wait"),
]

CASES = [(database, *case) for database in ("postgresql", "sqlite") for case in EITHER]
CASES += [("postgresql", *case) for case in POSTGRESQL] + [("sqlite", *case) for case in SQLITE]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}: {case[1]}"[:70])
def test_a_statement(case: tuple[str, ...]) -> None:
    """Alone, on a database with its tables."""
    database, statement, *expected = case
    assert texts(database, [statement]) == [[one for one in expected if one is not None]]


def test_the_safer_way_is_said() -> None:
    """Everywhere but where there is none."""
    for database, statement, *_ in CASES:
        for one in marks([[statement]], database, PRESENT)[0]:
            assert one.instead or "computed" in one.text or "moves" in one.text, one


def test_tables_that_the_plan_makes_are_new() -> None:
    """Nobody uses them yet."""
    assert texts(
        "postgresql",
        ["CREATE TABLE fresh (id INTEGER)", "CREATE INDEX ix ON fresh (id)"],
        [
            "ALTER TABLE fresh DROP COLUMN id",
            "DROP TABLE fresh",
            "DROP TABLE item",
            "CREATE TABLE item (id INTEGER)",
        ],
        ["DROP TABLE item", "DELETE FROM item"],
    ) == [[], ["destructive drops table item with its rows"], []]


def test_an_empty_database_has_no_marks() -> None:
    """Whatever the revisions do to their own tables."""
    assert marks([["DROP TABLE item"], ["CREATE INDEX ix ON item (id)"]], "postgresql") == [(), ()]


def test_a_renamed_table_is_the_same() -> None:
    """Its columns are known by their new names."""
    assert texts(
        "postgresql",
        ["ALTER TABLE item RENAME TO goods", "ALTER TABLE goods RENAME name TO title"],
        ["ALTER TABLE goods ALTER COLUMN title TYPE VARCHAR(10)", "DELETE FROM item"],
        ["ALTER TABLE goods ALTER COLUMN title TYPE VARCHAR(40)"],
    )[1:] == [
        [
            f"destructive makes goods.title narrower (varchar(10)){CUT}",
            f"blocks changes goods.title to varchar(10){REWRITTEN}".replace("item", "goods"),
        ],
        [],
    ]


def test_a_rebuilt_table_is_not_dropped() -> None:
    """Its rows are copied; the columns that the copy lacks are lost."""
    copy = [
        'CREATE TABLE _alembic_tmp_item (id INTEGER, name VARCHAR(40), "note" TEXT, PRIMARY KEY (id))',
        "INSERT INTO _alembic_tmp_item (id, name, note) SELECT item.id, item.name, item.note FROM item",
        "DROP TABLE item",
        "ALTER TABLE _alembic_tmp_item RENAME TO item",
    ]
    assert texts("sqlite", copy, ["DROP TABLE item"]) == [
        [
            "blocks rebuilds item; every row is copied, and writes to the file wait",
            "destructive drops column item.price with its values",
        ],
        ["destructive drops table item with its rows"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "narrower", "written"),
    [
        ("integer", "integer", False, False),
        ("integer", "bigint", False, True),
        ("bigint", "int4", True, True),
        ("varchar(20)", "character varying(40)", False, False),
        ("varchar(40)", "varchar(20)", True, True),
        ("varchar(40)", "varchar", False, False),
        ("varchar(40)", "text", False, False),
        ("text", "varchar(40)", True, True),
        ("text", "varchar", False, False),
        ("char(3)", "varchar(3)", False, True),
        ("integer", "varchar(3)", True, True),
        ("integer", "text", False, True),
        ("text", "integer", True, True),
        ("text", "uuid", True, True),
        ("numeric(10, 2)", "numeric(12, 2)", False, False),
        ("numeric(10, 2)", "numeric(12, 3)", False, True),
        ("numeric(10, 2)", "numeric(10, 3)", True, True),
        ("numeric(10, 2)", "numeric", False, False),
        ("numeric", "numeric(10, 2)", True, True),
        ("numeric", "double precision", True, True),
        ("integer", "numeric", False, True),
        ("integer", "numeric(4)", True, True),
        ("real", "float8", False, True),
        ("double precision", "real", True, True),
        ("timestamp(3)", "timestamp", False, False),
        ("timestamp without time zone", "timestamptz", False, True),
        ("timestamp with time zone", "date", True, True),
        ("date", "timestamp", False, True),
        ("json", "jsonb", False, True),
        ("integer", "integer[]", True, True),
        ("text[]", "varchar(10)[]", True, True),
        ("boolean", "bool", False, False),
        ("mood", "text", False, True),
        ("text", "mood", True, True),
    ],
)
def test_types(old: str, new: str, narrower: bool, written: bool) -> None:
    """Whether values are lost, and whether PostgreSQL writes the rows anew."""
    before, after = ColumnType.read(old), ColumnType.read(new)
    assert (narrows(before, after), rewrites(before, after)) == (narrower, written)
