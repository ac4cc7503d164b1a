"""Reads a revision file's source from its syntax tree. Nothing of it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from initdb.events.head import NAMES
from initdb.events.naming import parted
from initdb.steps.python_files.syntax import syntax_tree
from initdb.steps.revisions.header import UNKNOWN, first_line, header_of, unparsable
from initdb.steps.revisions.revision_file import RevisionFile
from initdb.steps.revisions.transactions import transactions_in

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def parse_source(path: Path, data: bytes, digest: str) -> RevisionFile | None:
    """The revision in a source file; None if it is another Python file.

    Args:
        path: The file.
        data: Its bytes.
        digest: Their hash.

    Raises:
        InitError: `revision-unparsable`, with file, line and reason; also if the file is empty.
    """
    tree = _tree(path, data)
    if all(_is_text(statement) for statement in tree.body):
        raise unparsable(path, 0, "the file is empty, or nothing but its docstring is left")
    names = _ModuleNames(tree)
    header = header_of(path, names.values, names.lines)
    if header is None:
        return None
    autocommit, commits = transactions_in(tree, data)
    return RevisionFile(
        header.revision,
        header.down,
        header.depends_on,
        header.labels,
        path,
        digest,
        first_line(ast.get_docstring(tree)),
        "downgrade" in names.values and not _refuses(tree, "downgrade"),
        autocommit,
        commits,
        b"init_journal" in data and any(map(_drops_journal, ast.walk(tree))),
    )


def _tree(path: Path, data: bytes) -> ast.Module:
    try:
        return syntax_tree(data, str(path))
    except SyntaxError as error:
        text = (error.text or "").strip()
        reason = error.msg + (f": {text}" if text else "")
        raise unparsable(path, error.lineno or 0, reason) from error
    except ValueError as error:
        raise unparsable(path, 0, str(error)) from error
    except (RecursionError, MemoryError) as error:
        raise unparsable(path, 0, "it is nested too deeply, or too large, to be parsed") from error


class _ModuleNames:
    """The values that module-level statements give to names; UNKNOWN for what only running would show."""

    def __init__(self, tree: ast.Module) -> None:
        self.values: dict[str, object] = {}
        self.lines: dict[str, int] = {}
        for statement in tree.body:
            self._take(statement)

    def _take(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._assign(target, statement.value)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, statement.value)
        elif not isinstance(statement, ast.Expr):
            for name, line in _bound_names(statement):
                self.values[name], self.lines[name] = UNKNOWN, line

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.values[target.id], self.lines[target.id] = self._literal(value), target.lineno
        elif isinstance(target, (ast.Tuple, ast.List)):
            literal = self._literal(value)
            several = isinstance(literal, (tuple, list)) and len(literal) == len(target.elts)
            for index, name in enumerate(target.elts):
                if isinstance(name, ast.Name):
                    item = literal[index] if several and isinstance(literal, (tuple, list)) else UNKNOWN
                    self.values[name.id], self.lines[name.id] = item, name.lineno

    def _literal(self, node: ast.expr) -> object:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self.values.get(node.id, UNKNOWN)
        if isinstance(node, (ast.Tuple, ast.List)):
            return tuple(self._literal(item) for item in node.elts)
        if isinstance(node, ast.Set):
            return [self._literal(item) for item in node.elts]
        return UNKNOWN


def _bound_names(statement: ast.stmt) -> Iterator[tuple[str, int]]:
    """Names that a statement other than a plain assignment binds in the module, with their lines."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0], node.lineno
        if not isinstance(node, _SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def _refuses(tree: ast.Module, name: str) -> bool:
    """Whether the function `name` begins with `raise`."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            body = [line for line in statement.body if not _is_text(line)]
            return bool(body) and isinstance(body[0], ast.Raise)
    return False


def _drops_journal(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return False
    first = node.args[0]
    if node.func.attr != "drop_table" or not isinstance(first, ast.Constant):
        return False
    return parted(str(first.value))[0] in NAMES


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
