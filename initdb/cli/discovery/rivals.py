"""Finds the calls by which an application makes or migrates its tables itself whenever it starts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from initdb.cli.discovery.applications import Application
from initdb.cli.discovery.modules import Module, with_imports_of
from initdb.cli.discovery.names import Names

_UPGRADES = frozenset({"alembic.command.upgrade", "flask_migrate.upgrade"})
_DEEPEST = 8
"""How many calls are followed from the start."""

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
"""What is only defined there: a command, for example."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A call that does at each start what initdb is to do once.

    Attributes:
        path: The file, below the folder.
        line: Of the call, from 1.
        call: The name of the function.
    """

    path: str
    line: int
    call: str

    def __str__(self) -> str:
        """A line that says where it is, and what to do about it."""
        does = "makes the missing tables" if self.call == "create_all" else "applies the revisions"
        return (
            f"{self.path}, line {self.line}: {self.call}() {does} whenever the application starts."
            " Take it out: initdb does this, once for all processes, and writes it into the journal"
        )


def rivals(names: Names, application: Application) -> tuple[Rival, ...]:
    """Find them, from the import of an application's module on, and through the functions that it calls.

    Args:
        names: The modules.
        application: The application.
    """
    module = names.modules[application.module]
    made = names.definition(f"{application.module}.{application.attribute}")
    seen: set[str] = set()
    found = list(_called(names, module, module.runs, seen, _DEEPEST))
    if isinstance(made, ast.FunctionDef):
        found += _called(names, with_imports_of(module, made), made.body, seen, _DEEPEST)
    return tuple(dict.fromkeys(found))


def _called(
    names: Names, module: Module, body: Iterable[ast.AST], seen: set[str], deepest: int
) -> Iterator[Rival]:
    for call in _calls(body):
        dotted = names.meaning(module, call.func)
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if dotted in _UPGRADES or attribute == "create_all":
            yield Rival(module.path, call.lineno, "upgrade" if dotted in _UPGRADES else attribute)
            continue
        owner, definition = names.owner(dotted), names.definition(dotted)
        if isinstance(definition, ast.FunctionDef) and owner and deepest and dotted not in seen:
            seen.add(dotted)
            yield from _called(names, with_imports_of(owner, definition), definition.body, seen, deepest - 1)


def _calls(body: Iterable[ast.AST]) -> Iterator[ast.Call]:
    """The calls in statements, in their order, without those in functions that are only defined there."""
    for node in body:
        if isinstance(node, _INNER):
            continue
        if isinstance(node, ast.Call):
            yield node
        yield from _calls(ast.iter_child_nodes(node))
