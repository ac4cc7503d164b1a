"""Where the sequences of a database stand, and what a fault may change of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

_POSTGRESQL = """
    SELECT format('%I.%I', n.nspname, c.relname), format('%I.%I', tn.nspname, t.relname),
        quote_ident(a.attname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        AND d.refobjsubid > 0
    LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE c.relkind = 'S' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1"""


def positions(connection: Connection) -> dict[str, tuple[int, int]]:
    """Sequence → its next value, and the highest value in its column (0 where there is none)."""
    if connection.dialect.name == "sqlite":
        return _sqlite(connection)
    found: dict[str, tuple[int, int]] = {}
    for name, table, column in connection.exec_driver_sql(_POSTGRESQL.replace("%", "%%")).all():
        asked = f"SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {name}"
        following = connection.exec_driver_sql(asked).scalar_one()
        highest = _highest(connection, table, column) if column else 0
        found[name] = (int(following), highest)
    return found


def _sqlite(connection: Connection) -> dict[str, tuple[int, int]]:
    there = connection.exec_driver_sql("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").first()
    rows: Any = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence").all() if there else ()
    return {name: (seq + 1, 0) for name, seq in rows}


def _highest(connection: Connection, table: str, column: str) -> int:
    value = connection.exec_driver_sql(f"SELECT max({column}) FROM {table}").scalar()
    return value if isinstance(value, int) else 0


def differences(
    expected: Mapping[str, tuple[int, int]], found: Mapping[str, tuple[int, int]], gaps: bool
) -> Iterator[str]:
    """What an application's next INSERT would meet.

    A sequence that stands where rows are already makes it fail. `gaps`: the scenario draws numbers, which
    PostgreSQL does not take back with a transaction, so that a sequence may stand further on.
    """
    for name, (following, highest) in found.items():
        wanted, before = expected.get(name, (following, highest))
        if following <= highest and wanted > before:
            yield f"lost: sequence {name} is at {following}, its column has {highest}"
        elif following < wanted or (following > wanted and not gaps):
            yield f"different: sequence {name} is at {following}, uninterrupted at {wanted}"
    for name in expected.keys() - found.keys():
        yield f"lost: sequence {name}"
