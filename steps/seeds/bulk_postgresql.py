"""Stores many rows at once in PostgreSQL: as lines of COPY's text format, in both directions.

A row that exists exactly as it is given has the same line. So nothing of it is converted, and rows are told
apart as texts. A line that the server writes otherwise only costs a closer look.
The text format: https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from typing import Self

from sqlalchemy import CHAR, Column, Connection, Numeric, Table
from sqlalchemy.types import TypeEngine

from initdb.events.statements import driver, run
from initdb.steps.seeds.copying import ESCAPES, TEXTS, copy_in, copy_out
from initdb.steps.seeds.inserting import advance_sequence
from initdb.steps.seeds.patterns import UUIDS, Given, all_match, apart, days, moments, whole_numbers
from initdb.steps.seeds.row_values import Columns, Value
from initdb.steps.seeds.typed import NotBulk, Shortcuts, Typed, typed
from initdb.steps.seeds.values import sort_of

_NULL = r"\N"

_EXACT = Context(prec=2000)

_UNIQUE = """
SELECT pg_catalog.array_agg(a.attname::pg_catalog.text)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
    AND a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey[0\\:i.indnkeyatts OPERATOR(pg_catalog.-) 1])
WHERE i.indrelid OPERATOR(pg_catalog.=) CAST(CAST(:table AS pg_catalog.regclass) AS pg_catalog.oid)
    AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
GROUP BY i.indexrelid
"""
"""The columns of each unique index on all rows, which is checked with each row."""

_ARRAYS = {"integer": "int8", "string": "text", "uuid": "uuid", "day": "date"}
"""The type by which keys are looked up, by the sort of their column."""


@dataclass(frozen=True, slots=True)
class OnPostgreSQL:
    """Stores rows of certain columns in a table."""

    connection: Connection
    table: Table
    columns: tuple[Typed, ...]
    copy: str
    query: str | None
    range: str | None
    key: tuple[int, ...]
    numbered: int | None

    @classmethod
    def of(
        cls,
        connection: Connection,
        table: Table,
        key: Sequence[Column[object]],
        columns: Sequence[Column[object]],
        *,
        text: bool,
    ) -> Self | None:
        """What stores rows of these columns; None if the database does not keep the key unique."""
        preparer = connection.dialect.identifier_preparer
        name = preparer.format_table(table)
        if not _is_unicode(connection) or not _is_unique(connection, name, key):
            return None
        listed = ", ".join(map(preparer.format_column, columns))
        how = tuple(typed(one, connection.dialect, _SHORTCUTS, _finish(one), text=text) for one in columns)
        given = [column.name for column in columns]
        numbered = table.autoincrement_column
        numbers = given.index(numbered.name) if numbered is not None and numbered.name in given else None
        return cls(
            connection,
            table,
            how,
            f"COPY {name} ({listed}) FROM STDIN",
            _query(connection, name, key, columns),
            _range(connection, name, key, columns),
            tuple(given.index(column.name) for column in key),
            numbers,
        )

    def encode(self, columns: Columns) -> Columns:
        """As COPY writes them."""
        return [how(values) for how, values in zip(self.columns, columns, strict=True)]

    def insert(self, columns: Columns) -> bool:
        """COPY the rows. A key that exists is an error."""
        lines = list(map("\t".join, zip(*columns, strict=True)))
        if copy_in(self.connection, self.copy, "\n".join(lines) + "\n") != len(lines):
            return False
        if self.numbered is not None:
            numbers = [int(number) for number in columns[self.numbered] if number != _NULL]
            advance_sequence(self.connection, self.table, max(numbers, default=0))
        return True

    def present(self, columns: Columns) -> list[bool]:
        """By their keys, all at once."""
        found = self._in_range(columns)
        if found is None:
            found = self._with_keys(columns)
        return list(map(found.__contains__, map("\t".join, zip(*columns, strict=True))))

    def _in_range(self, columns: Columns) -> set[str] | None:
        """The rows from the least key to the greatest; None if they may be many more."""
        if self.range is None:
            return None
        keys = list(map(int, columns[self.key[0]]))
        found = copy_out(self.connection, self.range.format(min(keys), max(keys), 2 * len(keys)))
        return found if len(found) < 2 * len(keys) else None

    def _with_keys(self, columns: Columns) -> set[str]:
        keys = [columns[at] for at in self.key]
        if self.query is None or any("\\" in value for column in keys for value in column):
            raise NotBulk
        return copy_out(self.connection, self.query.format(*map(_array, keys)))


def _query(
    connection: Connection, name: str, key: Sequence[Column[object]], columns: Sequence[Column[object]]
) -> str | None:
    """What gives the stored rows with certain keys; None if keys of these types are not looked up so.

    OFFSET 0 makes the server look up each key by the index, whatever it believes of a table that grew.
    """
    kinds = [_ARRAYS.get(sort_of(column)) for column in key]
    if not all(kinds) or any(isinstance(column.type, CHAR) for column in key):
        return None
    preparer = connection.dialect.identifier_preparer
    keys = ", ".join(f"pg_catalog.unnest({{}}::pg_catalog.{kind}[])" for kind in kinds)
    names = ", ".join(f"k{number}" for number in range(len(key)))
    escaped = [preparer.format_column(column).replace("{", "{{").replace("}", "}}") for column in key]
    same = " AND ".join(
        f"t.{column} OPERATOR(pg_catalog.=) k.k{number}" for number, column in enumerate(escaped)
    )
    listed = ", ".join(f"t.{preparer.format_column(column)}" for column in columns)
    listed, name = (one.replace("{", "{{").replace("}", "}}") for one in (listed, name))
    found = f"SELECT {listed} FROM {name} AS t WHERE {same} OFFSET 0"  # noqa: S608 (quoted)  # nosec B608
    rows = f"ROWS FROM ({keys}) AS k({names}) CROSS JOIN LATERAL ({found}) AS x"
    return f"COPY (SELECT x.* FROM {rows}) TO STDOUT"  # noqa: S608  # nosec B608


def _range(
    connection: Connection, name: str, key: Sequence[Column[object]], columns: Sequence[Column[object]]
) -> str | None:
    """What gives the stored rows between two keys; None if they are no numbers."""
    if [sort_of(column) for column in key] != ["integer"]:
        return None
    preparer = connection.dialect.identifier_preparer
    listed = ", ".join(map(preparer.format_column, columns))
    named = (listed, name, preparer.format_column(key[0]))
    listed, name, of_key = (one.replace("{", "{{").replace("}", "}}") for one in named)
    least, greatest = (f"{of_key} OPERATOR(pg_catalog.{sign}) {{}}::pg_catalog.int8" for sign in (">=", "<="))
    return f"COPY (SELECT {listed} FROM {name} WHERE {least} AND {greatest} LIMIT {{}}) TO STDOUT"  # noqa: S608  # nosec B608


def _is_unique(connection: Connection, name: str, key: Sequence[Column[object]]) -> bool:
    wanted = {column.name for column in key}
    return any(set(row[0]) == wanted for row in run(connection, _UNIQUE, {"table": name}))


def _is_unicode(connection: Connection) -> bool:
    """Whether a quoted text means itself. In some encodings a part of a character looks like a quote."""
    info = driver(connection).info
    return bool(info.parameter_status("client_encoding") == "UTF8")


def _array(values: Sequence[str]) -> str:
    """A literal with texts without a backslash."""
    quoted = ",".join('\\"' + value.replace('"', '\\\\\\"').replace("'", "''") + '\\"' for value in values)
    return f"E'{{{quoted}}}'"


def _finish(column: Column[object]) -> Value:
    """Writes a value as the server would write it, as far as it is known; else as it would read it."""
    scale = column.type.scale if isinstance(column.type, Numeric) else None

    def finish(value: Value) -> str:
        if isinstance(value, Decimal) and scale is not None and value.is_finite():
            return _padded(value, scale)
        if type(value) is datetime:
            return _moment(value)
        return TEXTS[type(value)](value)

    return finish


def _padded(value: Decimal, scale: int) -> str:
    """With all the digits of the scale. None is taken away: that is the server's work."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -scale < exponent:
        value = value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    return format(value, "f")


def _moment(value: datetime) -> str:
    text = value.isoformat(" ")
    if value.microsecond:
        whole, _, part = text.partition(".")
        return f"{whole}.{part[:6].rstrip('0')}{part[6:].removesuffix(':00')}"
    return text.removesuffix(":00") if value.tzinfo else text


def _strings(values: Given, kind: TypeEngine[Value]) -> Given | None:
    joined = "".join(values)
    if not any(one in joined for one in _SPECIAL):
        return values
    return [value.translate(ESCAPES) for value in values]


_SPECIAL = ("\\", "\n", "\r", "\t")


def _digits(values: Given, kind: TypeEngine[Value]) -> Given | None:
    return values if whole_numbers(values) else None


def _numbers(values: Given, kind: TypeEngine[Value]) -> Given | None:
    return list(map(str, values))


def _decimals(values: Given, kind: TypeEngine[Value]) -> Given | None:
    scale = kind.scale if isinstance(kind, Numeric) else None
    if scale is None:
        return None
    pattern = _DECIMALS.get(scale) or _DECIMALS.setdefault(scale, _of_scale(scale))
    return values if all_match(pattern, values) else None


_EXACT_BELOW = 1e12
"""So far, a float that was written with a few digits behind the point gives the same digits."""


def _rounded(values: Given, kind: TypeEngine[Value]) -> Given | None:
    """Floats with no more digits than the column has."""
    scale = kind.scale if isinstance(kind, Numeric) else None
    if scale is None or scale > 3 or not max(values) < _EXACT_BELOW or not min(values) > -_EXACT_BELOW:
        return None
    texts = [f"{value:.{scale}f}" for value in values]
    return texts if list(map(float, texts)) == values else None


def _of_scale(scale: int) -> re.Pattern[str]:
    places = rf"\.[0-9]{{{scale}}}" if scale > 0 else ""
    return re.compile(rf"(?:-?(?:0|[1-9][0-9]*+){places}\n)*+")


_DECIMALS: dict[int, re.Pattern[str]] = {}


def _moments(values: Given, kind: TypeEngine[Value]) -> Given | None:
    joined = moments(values)
    return None if joined is None else apart(joined)


def _uuids(values: Given, kind: TypeEngine[Value]) -> Given | None:
    return values if all_match(UUIDS, values) else None


_SHORTCUTS: Shortcuts = {
    ("string", str): _strings,
    ("integer", str): _digits,
    ("integer", int): _numbers,
    ("decimal", str): _decimals,
    ("decimal", float): _rounded,
    ("day", str): days,
    ("moment", str): _moments,
    ("uuid", str): _uuids,
}
