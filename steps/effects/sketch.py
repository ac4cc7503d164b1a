"""Sketches as SQL what a revision's source visibly does, for a revision that cannot be printed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from initdb.steps.python_files.syntax import syntax_tree

_SENDERS = frozenset({"execute", "exec_driver_sql", "scalar", "scalars"})
_TEXTS = frozenset({"text", "DDL"})


def sketch(source: bytes) -> tuple[str, ...]:
    """The statements that can be read in a source: literal SQL, and operations whose arguments are literals.

    Its downgrade is left out. What cannot be read is left out too, so this is a part of what it does.

    Args:
        source: Of a revision; anything that is not Python gives nothing.

    >>> sketch(b"def upgrade():\\n    op.drop_column('item', 'price')")
    ('ALTER TABLE "item" DROP COLUMN "price"',)
    """
    return tuple(_of_body(_without_downgrade(source), None))


_ADDS = frozenset({"add_column", "create_index", "drop_index"})
"""What batch mode does on SQLite without rebuilding the table."""


def rebuilds(source: bytes) -> tuple[str, ...]:
    """The tables that batch mode rebuilds on SQLite, as far as they can be read in a source.

    Args:
        source: Of a revision.

    >>> rebuilds(b"with op.batch_alter_table('item') as batch: batch.drop_column('price')")
    ('item',)
    """
    nodes = ast.walk(_without_downgrade(source))
    return tuple(dict.fromkeys(table for node in nodes if (table := _rebuilt_by(node)) is not None))


def _rebuilt_by(node: ast.AST) -> str | None:
    """The table of a `with op.batch_alter_table(…) as batch_op` that does more than add."""
    for item in node.items if isinstance(node, ast.With) else ():
        batch, name = item.context_expr, getattr(item.optional_vars, "id", None)
        if isinstance(batch, ast.Call) and _Call(batch).name == "batch_alter_table":
            table = _Call(batch).literal(0, "table_name")
            calls = [_Call(inner) for inner in ast.walk(node) if isinstance(inner, ast.Call)]
            if isinstance(table, str) and any(one.of == name and one.name not in _ADDS for one in calls):
                return table
    return None


def _without_downgrade(source: bytes) -> ast.Module:
    """The syntax tree without the downgrade; an empty one if there is none."""
    try:
        tree = syntax_tree(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
    tree.body = [one for one in tree.body if getattr(one, "name", "") != "downgrade"]
    return tree


def _of_body(node: ast.AST, batch: str | None) -> Iterator[str]:
    """The statements below a node, in the order of the source. `batch`: the table of a batch_alter_table."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield from filter(None, (_of_call(child, batch),))
        yield from _of_body(child, _batch_of(child) or batch)


def _batch_of(node: ast.AST) -> str | None:
    """The table that a `with op.batch_alter_table(…)` is about."""
    if not isinstance(node, ast.With):
        return None
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    return next((_Call(call).table(0) for call in calls if _Call(call).name == "batch_alter_table"), None)


class _Call:
    """A call with literal arguments, as far as they are."""

    def __init__(self, call: ast.Call) -> None:
        self._call = call
        self._named = {one.arg: one.value for one in call.keywords if one.arg}

    @property
    def name(self) -> str:
        func = self._call.func
        return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")

    @property
    def of(self) -> str | None:
        """The name of what it is called on."""
        func = self._call.func
        return getattr(func.value, "id", None) if isinstance(func, ast.Attribute) else None

    def literal(self, at: int, name: str = "") -> object:
        """The value of an argument; None if it is missing or no literal."""
        args = self._call.args
        node = args[at] if at < len(args) else self._named.get(name)
        return node.value if isinstance(node, ast.Constant) else None

    def said(self, name: str) -> object:
        """The value of a keyword; None if it is missing or no literal."""
        node = self._named.get(name)
        return node.value if isinstance(node, ast.Constant) else None

    def quoted(self, at: int, name: str = "") -> str | None:
        """The argument as a quoted name."""
        value = self.literal(at, name)
        return _quote(value) if isinstance(value, str) else None

    def table(self, at: int, name: str = "table_name") -> str | None:
        """The argument as the quoted name of a table, with the schema of the call."""
        table, schema = self.quoted(at, name), self.said("schema")
        return f"{_quote(schema)}.{table}" if table and isinstance(schema, str) else table

    def sql(self) -> str | None:
        """The SQL that is sent, if it is written out: a text, or one in text() or DDL()."""
        node = self._call.args[0] if self._call.args else None
        if isinstance(node, ast.Call) and _Call(node).name in _TEXTS:
            return _Call(node).sql()
        return _text(node)


def _text(node: ast.AST | None) -> str | None:
    """A text that is written out. In the place of each value that is put in stands UNKNOWN."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or UNKNOWN for part in parts)
        case ast.BinOp(left=left, op=ast.Mod()):
            return (_text(left) or "").replace("%s", UNKNOWN) or None
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return (_text(value) or "").replace("{}", UNKNOWN) or None
    return None


UNKNOWN = "unknown_value"


def _quote(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _of_call(node: ast.Call, batch: str | None) -> str | None:
    call = _Call(node)
    if call.name in _SENDERS:
        return call.sql()
    write = _OPERATIONS.get(call.name)
    return write(call, batch) if write is not None else None


def _drop_table(call: _Call, _: str | None) -> str | None:
    table = call.table(0)
    return f"DROP TABLE {table}" if table else None


def _rename_table(call: _Call, _: str | None) -> str | None:
    old, new = call.table(0, "old_table_name"), call.quoted(1, "new_table_name")
    return f"ALTER TABLE {old} RENAME TO {new}" if old and new else None


def _drop_column(call: _Call, batch: str | None) -> str | None:
    table = batch or call.table(0)
    column = call.quoted(0, "column_name") if batch else call.quoted(1, "column_name")
    return f"ALTER TABLE {table} DROP COLUMN {column}" if table and column else None


def _drop_constraint(call: _Call, batch: str | None) -> str | None:
    table, name = batch or call.table(1), call.quoted(0, "constraint_name")
    return f"ALTER TABLE {table} DROP CONSTRAINT {name}" if table and name else None


def _alter_column(call: _Call, batch: str | None) -> str | None:
    table = batch or call.table(0)
    column = call.quoted(0, "column_name") if batch else call.quoted(1, "column_name")
    if not table or not column or call.said("nullable") is not False:
        return None
    return f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"


def _create_index(call: _Call, batch: str | None) -> str | None:
    table, name = batch or call.table(1), call.quoted(0, "index_name")
    how = " CONCURRENTLY" if call.said("postgresql_concurrently") else ""
    return f"CREATE INDEX{how} {name} ON {table} (x)" if table and name else None


_OPERATIONS: Mapping[str, Callable[[_Call, str | None], str | None]] = {
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "drop_column": _drop_column,
    "drop_constraint": _drop_constraint,
    "alter_column": _alter_column,
    "create_index": _create_index,
}
"""Alembic's operation → what writes it as SQL."""
