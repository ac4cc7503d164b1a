"""The picture of a SQLite database: its schema, its rows, and what its own checks find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

if TYPE_CHECKING:
    from tests.support.states import LeftOut

_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"


def picture(engine: Engine, left_out: LeftOut) -> dict[str, Any]:
    """`schema` (rows of sqlite_schema), `rows` of each table, `findings` of the integrity checks."""
    with engine.connect() as connection:
        schema = [
            tuple(row) for row in connection.exec_driver_sql(_SCHEMA) if not left_out.table(row.tbl_name)
        ]
        tables = [name for kind, name, _, _ in schema if kind == "table" and not name.startswith("sqlite_")]
        return {
            "schema": [row for row in schema if not row[1].startswith(("sqlite_sequence", "sqlite_stat"))],
            "rows": {table: _rows(connection, table, left_out) for table in tables},
            "findings": _findings(connection),
        }


def _rows(connection: Connection, table: str, left_out: LeftOut) -> list[dict[str, Any]]:
    found = connection.exec_driver_sql(f"SELECT * FROM {_quoted(table)}").mappings()
    shown = [{name: row[name] for name in row if not left_out.column(table, name)} for row in found]
    return sorted(shown, key=repr)


def _findings(connection: Connection) -> list[str]:
    checks = ("PRAGMA integrity_check", "PRAGMA foreign_key_check")
    answers = [tuple(row) for check in checks for row in connection.exec_driver_sql(check)]
    return sorted(repr(answer) for answer in answers if answer != ("ok",))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
