"""Writes into the source of a Flask application the line with which it boots its database, as a proposal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from initdb.cli.discovery.applications import Application
from initdb.cli.discovery.modules import Module, parse, with_imports_of
from initdb.cli.discovery.names import Names

_IMPORT = "from initdb import init_app"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line goes.

    Attributes:
        line: The number of the line before which it goes, from 1.
        indent: What is in front of it.
        app: The name of the application there.
        module: The module as that place sees it.
    """

    line: int
    indent: str
    app: str
    module: Module


def with_boot_line(source: str, application: Application, names: Names, db: str) -> str | None:
    """The source of a module whose application calls `init_app(app, db)` when it is complete.

    Args:
        source: The text of the module that has the application or the function that creates it.
        application: The application.
        names: The modules of the folder.
        db: The dotted name of the Flask-SQLAlchemy object.

    Returns:
        The source; None if it is not clear where the line goes.
    """
    tree, module = parse(source.encode()), names.modules[application.module]
    if tree is None or "init_app" in module.bound:
        return None
    place = (
        _in_function(tree, module, application)
        if application.is_factory
        else _at_end(tree, module, application)
    )
    if place is None:
        return None
    known = next(
        (name for name in place.module.bound if names.meaning(place.module, ast.Name(name)) == db), None
    )
    owner, _, attribute = db.rpartition(".")
    imports = [_IMPORT] if known else [_IMPORT, f"from {owner} import {attribute}"]
    newline = "\r\n" if "\r\n" in source else "\n"
    lines = source.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    lines.insert(place.line - 1, f"{place.indent}init_app({place.app}, {known or attribute}){newline}")
    at = _after_imports(tree)
    lines[at:at] = [f"{one}{newline}" for one in imports]
    found = "".join(lines)
    return found if parse(found.encode()) is not None else None


def _in_function(tree: ast.Module, module: Module, application: Application) -> _Place | None:
    """Before the only `return` of the function, if that returns a name."""
    function = next(
        (
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            and (node.name, node.lineno) == (application.attribute, application.line)
        ),
        None,
    )
    returns = list(_returns(function)) if function else []
    if function is None or len(returns) != 1 or not isinstance(returns[0].value, ast.Name):
        return None
    at = returns[0]
    return _Place(at.lineno, " " * at.col_offset, returns[0].value.id, with_imports_of(module, function))


def _at_end(tree: ast.Module, module: Module, application: Application) -> _Place:
    """At the end of the module, or before its `if __name__ == "__main__"`."""
    for node in tree.body:
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            return _Place(node.lineno, "", application.attribute, module)
    last = tree.body[-1]
    return _Place((last.end_lineno or last.lineno) + 1, "", application.attribute, module)


def _returns(node: ast.AST) -> Iterator[ast.Return]:
    """The `return` statements of a function, without those of functions in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _returns(child)


def _after_imports(tree: ast.Module) -> int:
    """The number of lines up to the last of the imports with which the module begins, or to its docstring."""
    end = 0
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        end = node.end_lineno or end
    return end
