"""Finds the models among modules, and the name by which all of them are loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from initdb.cli.discovery.modules import Binding, Module
from initdb.cli.discovery.names import Names

_CLASSES = frozenset(
    {
        "sqlalchemy.orm.DeclarativeBase",
        "sqlalchemy.orm.DeclarativeBaseNoMeta",
        "sqlalchemy.orm.decl_api.DeclarativeBase",
    }
)
_CALLS = frozenset(
    {
        "sqlalchemy.orm.declarative_base",
        "sqlalchemy.ext.declarative.declarative_base",
        "sqlalchemy.orm.as_declarative",
        "sqlalchemy.ext.declarative.as_declarative",
        "sqlalchemy.orm.registry",
    }
)
_METADATA = frozenset({"sqlalchemy.MetaData", "sqlalchemy.schema.MetaData"})
_TABLE = frozenset({"sqlalchemy.Table", "sqlalchemy.schema.Table"})
_SQLMODEL = "sqlmodel.SQLModel"
_FOR_TESTS = frozenset({"conftest", "testing"})
"""Parts of the names of modules that an application does not import when it runs."""
_DEEPEST = 8
"""How many classes a base is followed through."""


@dataclass(frozen=True, slots=True)
class Models:
    """A declarative base or a MetaData, with what belongs to it.

    Attributes:
        base: The dotted name of its definition; `sqlmodel.SQLModel` for that library's own.
        path: The file of the definition, below the folder; that of the first model for SQLModel.
        line: Of the definition, from 1.
        modules: The names of the modules that define tables of it.
        name: As the setting `metadata` has it, of a module that loads all of these; "" if no module does.
        is_compared: Whether some env.py compares them with the database.
    """

    base: str
    path: str
    line: int
    modules: tuple[str, ...]
    name: str
    is_compared: bool = False

    @property
    def attribute(self) -> str:
        """The name of the base in its module."""
        return self.base.rpartition(".")[2]

    def __str__(self) -> str:
        """A line that says where it is and how many modules use it."""
        count = len(self.modules)
        many = f", with tables in {count} module{'' if count == 1 else 's'}"
        return f"{self.path}, line {self.line}: {self.attribute} is the base of models{many}"


def models_of(names: Names, hints: tuple[str, ...] = ()) -> tuple[Models, ...]:
    """Find each base of models that has a table.

    Args:
        names: The modules.
        hints: Names in the form of the setting that are known to be right if they load all tables, such as
            the one that env.py uses.
    """
    tables: dict[str, dict[str, tuple[str, int]]] = {}
    for module, _, binding in names.defined():
        base = _base_of(names, module, binding)
        if base and not isinstance(binding, str):
            tables.setdefault(base, {}).setdefault(module.name, (module.path, binding.lineno))
    return tuple(_models(names, base, found, hints) for base, found in tables.items())


def base_named(names: Names, module: Module, expression: ast.expr) -> str:
    """The name, in the form of the setting, of the base or MetaData that an expression is.

    Args:
        names: The modules.
        module: Where it is, such as env.py.
        expression: Such as `Base.metadata`.
    """
    if isinstance(expression, ast.Name):
        bound = module.bound.get(expression.id)
        expression = bound if isinstance(bound, ast.expr) else expression
    if isinstance(expression, ast.Attribute) and expression.attr == "metadata":
        expression = expression.value
    match expression:
        case ast.Name(id=name):
            origin = module.bound.get(name)
            dotted = origin if isinstance(origin, str) else ""
        case ast.Attribute():
            dotted = names.meaning(module, expression)
        case _:
            dotted = ""
    owner, _, attribute = dotted.rpartition(".")
    return f"{owner}:{attribute}" if owner in names.modules else ""


def _models(names: Names, base: str, found: dict[str, tuple[str, int]], hints: tuple[str, ...]) -> Models:
    definition, owner = names.definition(base), names.owner(base)
    first = next(iter(found.values()))
    path, line = (
        (owner.path, definition.lineno)
        if owner is not None and definition is not None and not isinstance(definition, str)
        else first
    )
    name = _loading_all(names, base, frozenset(found), hints)
    compared = any(_defines(names, hint) == base for hint in hints)
    return Models(base, path, line, tuple(found), name, compared)


def _defines(names: Names, name: str) -> str:
    """The dotted name of the definition that a name in the form of the setting leads to."""
    module, _, attribute = name.partition(":")
    return names.meaning(names.modules[module], ast.Name(attribute))


def _loading_all(names: Names, base: str, tables: frozenset[str], hints: tuple[str, ...]) -> str:
    """A name of the base in a module whose import loads all tables: a hint, or the shortest one."""
    own = base.rpartition(".")[2]
    attributes = [
        f"{module.name}:{name}"
        for module in names.modules.values()
        for name in {**module.bound, own: own}  # its own name may come by an import of all names
        if names.meaning(module, ast.Name(name)) == base and _FOR_TESTS.isdisjoint(module.name.split("."))
    ]
    known = [hint for hint in hints if hint in attributes]
    ordered = sorted(attributes, key=lambda one: (one.count("."), len(one), one))
    whole = (one for one in (*known, *ordered) if tables <= names.loaded_by(one.partition(":")[0]))
    return next(whole, "")


def _base_of(names: Names, module: Module, binding: Binding) -> str:
    """The dotted name of the base to which a table belongs that is defined here; "" if none is."""
    match binding:
        case ast.ClassDef():
            return "" if _is_abstract(binding) else _base_of_class(names, module, binding)
        case ast.Call(func=func, args=[_, metadata, *_]) if names.meaning(module, func) in _TABLE:
            if isinstance(metadata, ast.Attribute) and metadata.attr == "metadata":
                metadata = metadata.value
            dotted = names.meaning(module, metadata)
            return dotted if _is_base(names, dotted) else ""
    return ""


def _base_of_class(names: Names, module: Module, model: ast.ClassDef) -> str:
    base = _root(names, module, model, _DEEPEST)
    return "" if base == _SQLMODEL and not _is_table(model) else base


def _root(names: Names, module: Module, model: ast.ClassDef, left: int) -> str:
    """The base that a class derives from, through others."""
    for expression in model.bases:
        dotted = names.meaning(module, expression)
        if dotted == _SQLMODEL or _is_base(names, dotted):
            return dotted
        definition, owner = names.definition(dotted), names.owner(dotted)
        if isinstance(definition, ast.ClassDef) and owner is not None and left:
            found = _root(names, owner, definition, left - 1)
            if found:
                return found
    return ""


def _is_base(names: Names, dotted: str) -> bool:
    definition, owner = names.definition(dotted), names.owner(dotted)
    if owner is None:
        return False
    match definition:
        case ast.ClassDef():
            return any(_is_class_of_base(names, owner, one) for one in _origins(definition))
        case ast.Call(func=func):
            called = names.meaning(owner, func)
            return called in _CALLS | _METADATA or getattr(func, "attr", "") == "generate_base"
    return False


def _origins(definition: ast.ClassDef) -> Iterator[ast.expr]:
    yield from definition.bases
    for decorator in definition.decorator_list:
        yield decorator.func if isinstance(decorator, ast.Call) else decorator


def _is_class_of_base(names: Names, module: Module, expression: ast.expr) -> bool:
    return names.meaning(module, expression) in _CLASSES | _CALLS


def _is_abstract(model: ast.ClassDef) -> bool:
    return any(
        isinstance(statement, ast.Assign)
        and any(getattr(target, "id", "") == "__abstract__" for target in statement.targets)
        for statement in model.body
    )


def _is_table(model: ast.ClassDef) -> bool:
    return any(keyword.arg == "table" for keyword in model.keywords)
