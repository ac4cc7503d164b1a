"""Finds where a revision's source visibly leaves its transaction: commits, rollbacks, scripts, autocommit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from initdb.steps.transactions.sql_words import transaction_word

_SUSPECT = (b"commit", b"rollback", b"executescript", b" transaction")
_SUSPECT_START = re.compile(rb"[\"'\n/]\s*(?:begin|end|abort)\b")
"""A file without one of these words, in lower case, need not be searched. Most files are not."""

_SENDERS = frozenset({"execute", "exec_driver_sql", "scalar", "text", "DDL"})
_CONNECTIONS = frozenset({"connection", "bind", "dbapi_connection", "driver_connection"})
_GIVERS = frozenset({"get_bind", "connection", "raw_connection"})
_SAME = frozenset({"execution_options"})


def transactions_in(tree: ast.Module, data: bytes) -> tuple[bool, tuple[int, ...]]:
    """Whether the source uses autocommit, and the sorted line numbers where it ends or begins a transaction.

    It finds `.commit()` and `.rollback()` on what came from `op.get_bind()`, `.connection`,
    `raw_connection()` and the like, transaction statements as SQL text, and sqlite3's `executescript`, which
    commits first.

    Args:
        tree: The syntax tree.
        data: The bytes of the file.
    """
    small = data.lower()
    if not any(word in small for word in _SUSPECT) and not _SUSPECT_START.search(small):
        return False, ()
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    connections = _connection_names(nodes)
    lines = {call.lineno for call in calls if _leaves(call, connections)}
    return any(map(_is_autocommit, calls)), tuple(sorted(lines))


def _leaves(call: ast.Call, connections: frozenset[str]) -> bool:
    name = _called(call)
    if name == "executescript":
        return True
    if name in {"commit", "rollback"} and isinstance(call.func, ast.Attribute):
        return _is_connection(call.func.value, connections)
    if name in _SENDERS and call.args:
        first = call.args[0]
        return (
            isinstance(first, ast.Constant)
            and isinstance(first.value, str)
            and transaction_word(first.value) is not None
        )
    return False


def _is_autocommit(call: ast.Call) -> bool:
    return _called(call) == "autocommit_block" or any(
        word.arg == "isolation_level"
        and isinstance(word.value, ast.Constant)
        and str(word.value.value).upper() == "AUTOCOMMIT"
        for word in call.keywords
    )


def _connection_names(nodes: list[ast.AST]) -> frozenset[str]:
    """Names that are bound to the run's connection somewhere in the file, directly or through other names."""
    bindings = [pair for node in nodes for pair in _bindings(node)]
    found: frozenset[str] = frozenset()
    while True:
        more = found | {name for name, value in bindings if _is_connection(value, found)}
        if more == found:
            return found
        found = more


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        if isinstance(node.target, ast.Name):
            yield node.target.id, node.value
    elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
        yield node.optional_vars.id, node.context_expr


def _is_connection(node: ast.expr, names: frozenset[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Attribute):
        return node.attr in _CONNECTIONS
    if isinstance(node, ast.Call):
        if _called(node) in _SAME and isinstance(node.func, ast.Attribute):
            return _is_connection(node.func.value, names)
        return _called(node) in _GIVERS
    return False


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
