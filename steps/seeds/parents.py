"""Refuses seed rows that refer to missing rows, if the database would not do so at once.

SQLite enforces foreign keys only if the application's connections ask for it. PostgreSQL checks deferred
foreign keys at COMMIT.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Table

from initdb.errors import InitError
from initdb.steps.seeds.matching import find, forms, identity
from initdb.steps.seeds.model import SeedRow


def refuse_orphans(connection: Connection, table: Table, rows: Sequence[SeedRow]) -> None:
    """Refuse rows that refer to missing rows. All rows must be stored already.

    Args:
        connection: In a transaction.
        table: The table of the rows.
        rows: By column key.

    Raises:
        InitError: `seed-rejected`, for the first such row.
    """
    for constraint in sorted(table.foreign_key_constraints, key=lambda foreign: list(foreign.column_keys)):
        # The database checks all others at once: see above.
        if connection.dialect.name == "sqlite" or constraint.deferrable:
            _check(connection, constraint, rows)


def _check(connection: Connection, constraint: ForeignKeyConstraint, rows: Iterable[SeedRow]) -> None:
    columns = [element.parent for element in constraint.elements]
    parents: list[Column[object]] = [element.column for element in constraint.elements]
    names = [column.key for column in columns]
    # A foreign key that contains a NULL refers to nothing (MATCH SIMPLE).
    referring = [row for row in rows if all(row.get(name) is not None for name in names)]
    if not referring:
        return
    canonical = forms(parents[0].table, connection.dialect)
    wanted = {tuple(row[name] for name in names) for row in referring}
    found = {identity(parent, parents, canonical) for parent in find(connection, parents, parents, wanted)}
    for row in referring:
        values = {parent.key: row[name] for parent, name in zip(parents, names, strict=True)}
        if identity(values, parents, canonical) not in found:
            said = f"{row.place}: {', '.join(names)} refers to no row of {parents[0].table.fullname}"
            raise InitError("seed-rejected", said, database=connection.dialect.name)
