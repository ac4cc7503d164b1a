"""Marks what the statements of revisions destroy and whom they block. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from initdb.steps.effects import mark
from initdb.steps.effects.alter_table import alter_table
from initdb.steps.effects.mark import Mark, blocks, destructive
from initdb.steps.effects.reader import Name, Reader
from initdb.steps.effects.rebuilt import Rebuilt, rebuilt_in
from initdb.steps.effects.schema import Present, Schema
from initdb.steps.effects.tokens import Statement, statements

NOTHING = Present()
"""An empty database."""


def marks(
    scripts: Iterable[Sequence[str]], database: str, present: Present = NOTHING
) -> list[tuple[Mark, ...]]:
    """Mark the statements of revisions, in the order in which they run.

    What is done to tables that these statements make themselves is not marked.

    Args:
        scripts: The statements of each revision.
        database: "postgresql" or "sqlite".
        present: The tables that are there before.

    Returns:
        The marks of each revision, in order.

    >>> marks([["DROP TABLE item"]], "sqlite", Present([(None, "item")]))[0][0].text
    'drops table item with its rows'
    """
    schema = Schema(present)
    return [tuple(dict.fromkeys(_of_script(script, database, schema))) for script in scripts]


def _of_script(script: Sequence[str], database: str, schema: Schema) -> Iterator[Mark]:
    parsed = [one for text in script for one in statements(text)]
    rebuilt = rebuilt_in(parsed, schema)
    for statement in parsed:
        yield from _of_statement(statement, database, schema, rebuilt)


def _of_statement(
    statement: Statement, database: str, schema: Schema, rebuilt: Mapping[Name, Rebuilt]
) -> Iterator[Mark]:
    first = statement[0].word
    if first == "DO":
        yield from _of_body(statement, database, schema)
        return
    reader = Reader(statement)
    if reader.take("DROP", "TABLE"):
        yield from _drop_table(reader, schema, rebuilt)
    elif reader.take("ALTER", "TABLE"):
        yield from alter_table(reader, database, schema)
    elif first in _EITHER:
        yield from _EITHER[first](reader, schema)
    elif first in _POSTGRESQL and database == "postgresql":
        yield from _POSTGRESQL[first](reader, schema)
    elif first == "VACUUM" and database == "sqlite":
        yield blocks("VACUUM copies the whole file; writes to it wait", "run it by hand")


def _of_body(statement: Statement, database: str, schema: Schema) -> Iterator[Mark]:
    """The marks of the statements between the dollar quotes of a DO, as far as they are written out."""
    for body in (token.text for token in statement if token.kind == "string"):
        for inner in statements(body):
            starts = (at for at, token in enumerate(inner) if token.word in _STARTS)
            at = next(starts, None)
            if at is not None:
                yield from _of_statement(inner[at:], database, schema, {})


_STARTS = frozenset({"ALTER", "CLUSTER", "CREATE", "DELETE", "DROP", "LOCK", "REINDEX", "TRUNCATE", "UPDATE"})
"""The first words of statements that can get a mark, in a body of other words."""


def _drop_table(reader: Reader, schema: Schema, rebuilt: Mapping[Name, Rebuilt]) -> Iterator[Mark]:
    reader.take("IF", "EXISTS")
    for name in reader.names():
        found = rebuilt.get(schema.key(name))
        if not schema.has(name):
            continue
        table = schema.label(name)
        if found is None:
            yield destructive(f"drops table {table} with its rows", mark.UNUSED)
            schema.drop(name)
            continue
        yield mark.rebuild(table)
        for column in found.lost:
            yield destructive(f"drops column {table}.{column} with its values", mark.UNUSED)


def _drop(reader: Reader, schema: Schema) -> Iterator[Mark]:
    """DROP of anything but a table: whatever holds tables or columns."""
    what = reader.take_one("DROP") and reader.take_one("SCHEMA", "DATABASE", "TYPE", "DOMAIN", "EXTENSION")
    reader.take("IF", "EXISTS")
    names = ", ".join(schema.label(name) for name in reader.names())
    if what in ("SCHEMA", "DATABASE"):
        yield destructive(f"drops {what.lower()} {names} with everything in it")
    elif what and reader.skip_to("CASCADE"):
        yield destructive(f"drops {what.lower()} {names} and every column that uses it")


def _delete(reader: Reader, schema: Schema) -> Iterator[Mark]:
    reader.take("DELETE", "FROM")
    for name in reader.names()[:1]:
        if schema.has(name):
            some = "rows" if reader.skip_to("WHERE") else "every row"
            yield destructive(f"deletes {some} of {schema.label(name)}")


def _with(reader: Reader, schema: Schema) -> Iterator[Mark]:
    while reader.skip_to("DELETE", "FROM"):
        for name in reader.names()[:1]:
            if schema.has(name):
                yield destructive(f"deletes rows of {schema.label(name)}")


def _truncate(reader: Reader, schema: Schema) -> Iterator[Mark]:
    reader.take("TRUNCATE")
    reader.take("TABLE")
    for name in reader.names():
        if schema.has(name):
            yield destructive(f"deletes every row of {schema.label(name)}")


def _update(reader: Reader, schema: Schema) -> Iterator[Mark]:
    reader.take("UPDATE")
    for name in reader.names()[:1]:
        if schema.has(name) and not reader.skip_to("WHERE"):
            table = schema.label(name)
            yield blocks(f"updates every row of {table}; other writes to these rows wait", mark.BATCHES)


def _create(reader: Reader, schema: Schema) -> Iterator[Mark]:
    reader.take("CREATE")
    reader.take("UNIQUE")
    if not reader.take("INDEX") or reader.take("CONCURRENTLY"):
        return
    reader.take("IF", "NOT", "EXISTS")
    index = None if reader.token and reader.token.word == "ON" else reader.name()
    if not reader.take("ON"):
        return
    for name in reader.names()[:1]:
        if schema.has(name):
            called = f"index {index[1]}" if index else "an index"
            text = f"builds {called}; writes to {schema.label(name)} wait"
            yield blocks(text, mark.CONCURRENTLY)


def _reindex(reader: Reader, schema: Schema) -> Iterator[Mark]:
    if not reader.skip_to("CONCURRENTLY"):
        reader.take("REINDEX")
        what = " ".join(token.text for token in reader.rest)
        text = f"rebuilds {what.lower()}; writes to the table wait"
        yield blocks(text, "REINDEX … CONCURRENTLY in an autocommit_block")


def _vacuum(reader: Reader, schema: Schema) -> Iterator[Mark]:
    if reader.skip_to("FULL"):
        reader.skip_to(")")
        while reader.take_one("VERBOSE", "ANALYZE", "FREEZE"):
            pass
        names = [schema.label(name) for name in reader.names()]
        text = f"VACUUM FULL rewrites {', '.join(names) or 'every table'}; reads and writes wait"
        yield blocks(text, "VACUUM without FULL, or pg_repack")


def _cluster(reader: Reader, schema: Schema) -> Iterator[Mark]:
    reader.take("CLUSTER")
    for name in reader.names()[:1]:
        yield blocks(f"CLUSTER rewrites {schema.label(name)}; reads and writes wait", "pg_repack")


_WEAK = ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE")
"""The modes of LOCK that let others write."""


def _lock(reader: Reader, schema: Schema) -> Iterator[Mark]:
    reader.take("LOCK")
    reader.take("TABLE")
    names = [name for name in reader.names() if schema.has(name)]
    mode = ""
    if reader.take("IN"):
        mode = " ".join(token.word for token in reader.rest).partition(" MODE")[0]
    if names and mode not in _WEAK:
        tables = ", ".join(schema.label(name) for name in names)
        yield blocks(f"locks {tables}; writes to it wait", "a lock that lets others write")


def _refresh(reader: Reader, schema: Schema) -> Iterator[Mark]:
    if reader.take("REFRESH", "MATERIALIZED", "VIEW") and not reader.take("CONCURRENTLY"):
        for name in reader.names()[:1]:
            text = f"refreshes {schema.label(name)}; reads of it wait"
            yield blocks(text, "REFRESH MATERIALIZED VIEW CONCURRENTLY")


_Marker = Callable[[Reader, Schema], Iterator[Mark]]

_EITHER: Mapping[str, _Marker] = {"DROP": _drop, "DELETE": _delete, "WITH": _with, "TRUNCATE": _truncate}
_POSTGRESQL: Mapping[str, _Marker] = {
    "CREATE": _create,
    "REINDEX": _reindex,
    "VACUUM": _vacuum,
    "CLUSTER": _cluster,
    "LOCK": _lock,
    "REFRESH": _refresh,
    "UPDATE": _update,
}
"""The first word of a statement → what marks it."""
