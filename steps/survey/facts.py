"""What is true of the database now, in the words that the guards of the machine use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, MetaData

from initdb.errors import InitError
from initdb.events.knowledge import Knowledge, SeedRecord
from initdb.events.payloads.work import DatabaseInspected
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.context import Application
from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.seeds.ledger import seeds_pending


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of an inspection, from the journal, the version rows, the tables and the ledger of seeds.

    Attributes:
        tables: The application's tables that exist.
        missing: Its tables that do not exist.
        rows: The version rows; None if there is no version table.
        pending: The revisions that are still to be applied.
        unknown: The version rows that no file has.
        overlapping: The version rows that another row implies.
        conflict: The revisions that the journal has as applied and the version rows lack.
        outside: The revisions that were applied, but not by initdb.
        seeds: The names of the sources that are still to be applied.
        managed: Whether initdb or Alembic created the tables.
        schema_from: The setting.
        started_over: Whether there is nothing of the application, and no first revision half-way.
        there: How many tables there are, whoever's, besides the version table; None if nobody counted.
        bases: The revisions of the directory that follow no other; None if there are no revisions.
    """

    tables: tuple[str, ...]
    missing: tuple[str, ...]
    rows: tuple[str, ...] | None
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    conflict: tuple[str, ...]
    outside: tuple[str, ...]
    seeds: tuple[str, ...]
    managed: bool
    schema_from: str
    started_over: bool = False
    overlapping: tuple[str, ...] = ()
    there: int | None = None
    bases: tuple[str, ...] | None = None

    def said(self, leftovers: tuple[str, ...] = ()) -> DatabaseInspected:
        """The facts as the event stores them and the guards read them.

        Args:
            leftovers: What an interrupted statement left, as sentences.
        """
        return DatabaseInspected(
            tables=self.tables,
            missing=self.missing,
            rows=self.rows or (),
            pending=self.pending,
            conflict=self.conflict,
            outside=self.outside,
            seeds_pending=self.seeds,
            managed=self.managed,
            schema_from=self.schema_from,
            started_over=self.started_over,
            leftovers=leftovers,
            there=self.there,
            bases=self.bases,
        )


def survey(connection: Connection, application: Application, known: Knowledge) -> Facts:
    """Look at tables and version rows, with two queries, and decide the facts.

    Args:
        connection: In a transaction that may read.
        application: The parts of the application.
        known: What the journal says.

    Raises:
        InitError: `inspection-failed`, if another table has the name of the version table.
    """
    table, schema = version_place(application, known)
    rows = catalogue_of(connection).version_rows(table, schema)
    present = catalogue_of(connection).tables()
    default = connection.dialect.default_schema_name
    if rows is None and (schema, table) in present:
        fix = 'Rename it: ALTER TABLE "TABLENAME" RENAME TO not_of_alembic; then: initdb run'
        said = f"the table {table} has no column version_num, so it is not Alembic's version table"
        raise InitError(
            "inspection-failed", said, fix=fix, database=connection.dialect.name, names={"TABLENAME": table}
        )
    wanted = wanted_tables(application, present, default)
    there = count_tables(present, (name.removeprefix(f"{default}.") for name in wanted[0]), table)
    if rows and not there and made_nothing(application, known, rows):
        rows = ()
    return replace(decide(application, known, rows, wanted), there=there)


def made_nothing(application: Application, known: Knowledge, rows: tuple[str, ...]) -> bool:
    """Whether the version rows of a database without tables say nothing: creating sets them anew.

    A first revision is often a placeholder: the tables are those of the models, or of a base. Where they were
    once ready, their tables are lost.

    Args:
        application: The parts of the application.
        known: What the journal says.
        rows: The version rows.
    """
    graph = application.graph or RevisionGraph.of(())
    return application.schema_from != "migrations" and known.last_ready is None and not graph.unknown(rows)


def count_tables(
    present: Collection[tuple[str | None, str]],
    wanted: Iterable[str],
    version_table: str,
) -> int:
    """How many tables there are on the search path, and of the application in other schemas.

    Args:
        present: Schema and name of each table of the database.
        wanted: The application's tables that exist, with their schemas if these are not the default one.
        version_table: The name of the table that does not count.

    Example:
        >>> count_tables({(None, "a"), (None, "version"), ("x", "b"), ("y", "c")}, ["a", "x.b"], "version")
        2
    """
    found = {name for schema, name in present if schema is None and name != version_table}
    return len(found.union(wanted))


def version_place(application: Application, known: Knowledge) -> tuple[str, str | None]:
    """The version table's name and schema, as env.py last gave them, or else as its source shows them."""
    if known.version_table and not application.version_asked:
        return known.version_table, known.version_schema
    return application.version_table, application.version_schema


def wanted_tables(
    application: Application, present: Collection[tuple[str | None, str]], default: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The application's tables that exist, and those that do not.

    Args:
        application: The parts of the application.
        present: Schema and name of each table of the database.
        default: The name of the default schema.
    """
    there: list[str] = []
    missing: list[str] = []
    for schema, name in sorted(_tables_of(application), key=lambda pair: (pair[0] or "", pair[1])):
        found = (None if schema == default else schema, name) in present
        (there if found else missing).append(f"{schema}.{name}" if schema else name)
    return tuple(there), tuple(missing)


def table_names(application: Application) -> frozenset[str]:
    """The names, without schemas, of the tables of the models and of the base."""
    return frozenset(name for _, name in _tables_of(application))


def _tables_of(application: Application) -> set[tuple[str | None, str]]:
    base = application.base if isinstance(application.base, MetaData) else None
    return {
        (table.schema, table.name)
        for metadata in (application.metadata, base)
        if metadata is not None
        for table in metadata.tables.values()
    }


def decide(
    application: Application,
    known: Knowledge,
    rows: tuple[str, ...] | None,
    tables: tuple[tuple[str, ...], tuple[str, ...]],
) -> Facts:
    """Decide the facts from what was read. Pure.

    Args:
        application: The parts of the application.
        known: What the journal says.
        rows: The version rows; None if there is no version table.
        tables: The application's tables that exist, and those that do not.
    """
    graph = application.graph or RevisionGraph.of(())
    here, missing = tables
    # The first revision may have been interrupted after it committed: it made the version table, still empty.
    halfway = known.doubt is not None and rows is not None
    started_over = not here and not rows and not halfway
    expected = frozenset() if started_over else graph.applied(known.heads)
    applied = graph.applied(rows or ())
    lost = frozenset() if started_over else _lost_to_others(application, known, applied, rows or ())
    ledger: Mapping[str, SeedRecord] = {} if started_over else known.seeds
    return Facts(
        tables=here,
        missing=missing,
        rows=rows,
        pending=graph.pending(rows or ()),
        unknown=graph.unknown(rows or ()),
        conflict=tuple(sorted((expected - applied | lost) - known.retry)),
        outside=tuple(sorted(applied - expected)) if known.managed or known.doubt else (),
        seeds=seeds_pending(ledger, application.seeds),
        managed=bool(rows) or (known.managed and not started_over),
        schema_from=application.schema_from,
        started_over=started_over,
        overlapping=graph.overlapping(rows or ()),
        bases=graph.bases or None,
    )


def _lost_to_others(
    application: Application, known: Knowledge, applied: frozenset[str], rows: tuple[str, ...]
) -> frozenset[str]:
    """Heads that only other code knows and that are gone from the version rows, if the rows have nothing new.

    This code does not know the revisions below such a head, so it might apply revisions a second time.
    """
    graph = application.graph
    if graph is None or applied - graph.applied(known.heads) - known.applied.keys():
        return frozenset()
    return frozenset(head for head in known.heads if head not in graph.files and head not in rows)
