"""What a Python file binds and imports when it is imported, by its syntax tree."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from initdb.steps.python_files.syntax import syntax_tree

Binding = str | ast.expr | ast.ClassDef | ast.FunctionDef
"""What a name stands for: the dotted name that was imported, or what it was assigned or defined as."""


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file.

    Attributes:
        name: By which it is imported from the folder.
        path: Below the folder, with slashes.
        bound: Its global names.
        stars: The modules of which it imports all names.
        loads: Dotted names of what it imports: modules, and names that may be modules.
        runs: The statements that run when it is imported.
    """

    name: str
    path: str
    bound: Mapping[str, Binding]
    stars: tuple[str, ...] = ()
    loads: frozenset[str] = frozenset()
    runs: tuple[ast.stmt, ...] = ()

    @property
    def is_package(self) -> bool:
        """Whether it is an `__init__.py`."""
        return self.path.rpartition("/")[2] == "__init__.py"


def parse(content: bytes) -> ast.Module | None:
    """The syntax tree of a file; None if it is no Python of today."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file that is only read
            return syntax_tree(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def module_of(name: str, path: str, tree: ast.Module) -> Module:
    """Collect what a file binds and imports at its top level.

    Args:
        name: By which it is imported.
        path: Below the folder.
        tree: Its syntax tree.
    """
    package = name if path.rpartition("/")[2] == "__init__.py" else name.rpartition(".")[0]
    statements = list(_top(tree.body))
    bound: dict[str, Binding] = {}
    stars: list[str] = []
    loads: set[str] = set()
    for statement in statements:
        bound.update(_bound(statement, package))
        loads.update(_loads(statement, package))
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            stars.append(absolute(statement, package))
    return Module(name, path, bound, tuple(stars), frozenset(loads), tuple(statements))


def with_imports_of(module: Module, function: ast.FunctionDef) -> Module:
    """The module as a function in it sees it, with the function's own imports."""
    package = module.name if module.is_package else module.name.rpartition(".")[0]
    found: dict[str, Binding] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.update(_bound(node, package))
    return Module(module.name, module.path, {**module.bound, **found}, module.stars) if found else module


def absolute(statement: ast.ImportFrom, package: str) -> str:
    """The absolute name of the module that a `from … import` names."""
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - statement.level + 1]
    return ".".join([*above, *([statement.module] if statement.module else [])])


def _top(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported."""
    for statement in body:
        yield statement
        match statement:
            case ast.If(test=test):
                if not _is_never_imported(test):
                    yield from _top((*statement.body, *statement.orelse))
            case ast.Try():
                handled = [inner for handler in statement.handlers for inner in handler.body]
                yield from _top((*statement.body, *handled, *statement.orelse, *statement.finalbody))
            case ast.With():
                yield from _top(statement.body)


def _is_never_imported(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"` or `TYPE_CHECKING`."""
    words = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(test)}
    return bool(words & {"__name__", "TYPE_CHECKING"})


def _bound(statement: ast.stmt, package: str) -> Iterator[tuple[str, Binding]]:
    match statement:
        case ast.Import():
            for alias in statement.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
        case ast.ImportFrom():
            origin = absolute(statement, package)
            for alias in statement.names:
                if alias.name != "*":
                    yield alias.asname or alias.name, f"{origin}.{alias.name}"
        case ast.Assign():
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.ClassDef() | ast.FunctionDef():
            yield statement.name, statement


def _loads(statement: ast.stmt, package: str) -> Iterator[str]:
    match statement:
        case ast.Import():
            yield from (alias.name for alias in statement.names)
        case ast.ImportFrom():
            origin = absolute(statement, package)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in statement.names)
