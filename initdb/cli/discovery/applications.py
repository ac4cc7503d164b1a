"""Finds the Flask applications among modules, and the functions that create them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from initdb.cli.discovery.modules import Module, with_imports_of
from initdb.cli.discovery.names import Names

_FLASK = frozenset({"flask.Flask", "flask.app.Flask", "apiflask.APIFlask", "flask_openapi3.OpenAPI"})
_SQLALCHEMY = frozenset({"flask_sqlalchemy.SQLAlchemy", "flask_sqlalchemy.extension.SQLAlchemy"})
_OURS = (
    "initdb.init_app",
    "initdb.flask.init_app",
    "initdb.flask.boot.init_app",
    "initdb.DatabaseInitializer",
)

_FACTORIES = ("create_app", "make_app")
_INSTANCES = ("app", "application")
_CALLED = re.compile(r"\w+\(\s*\)")


@dataclass(frozen=True, slots=True)
class Application:
    """A Flask application, or a function that creates one.

    Attributes:
        name: As the setting `app` has it: `shop:create_app`.
        path: The file, below the folder.
        line: Of the definition, from 1.
        is_factory: Whether it is a function.
        needs: The parameters without a default that the function has.
        made_by: The function that creates it, in the form of `name`; "" if it is made here.
        arguments: Whether that function is called with arguments.
    """

    name: str
    path: str
    line: int
    is_factory: bool
    needs: tuple[str, ...] = ()
    made_by: str = ""
    arguments: bool = False

    @property
    def attribute(self) -> str:
        """The name in its module."""
        return self.name.partition(":")[2]

    @property
    def module(self) -> str:
        """The name of its module."""
        return self.name.partition(":")[0]

    def __str__(self) -> str:
        """A line that says where it is and what it does."""
        what = "() creates a Flask application" if self.is_factory else " is a Flask application"
        return f"{self.path}, line {self.line}: {self.attribute}{what}"


def applications(names: Names) -> tuple[Application, ...]:
    """Find all Flask applications that modules define at their top level, and all functions that return one.

    Args:
        names: The modules.
    """
    return _Finder(names).found()


def databases(names: Names) -> tuple[str, ...]:
    """Find the Flask-SQLAlchemy objects: the dotted name of each."""
    return tuple(
        f"{module.name}.{name}"
        for module, name, binding in names.defined()
        if isinstance(binding, ast.Call) and is_kind(names, module, binding.func, _SQLALCHEMY)
    )


def boots(names: Names) -> bool:
    """Whether some module imports initdb's `init_app` or `DatabaseInitializer`."""
    return any(bound in _OURS for module in names.modules.values() for bound in _all_imports(module))


def chosen(found: tuple[Application, ...], flask_app: str | None) -> tuple[Application, ...]:
    """The applications that are most likely the one: those of which no other says more.

    A function that needs arguments is no answer, since initdb calls it without any.

    Args:
        found: All applications of a folder.
        flask_app: The variable FLASK_APP.

    Returns:
        One if it is clear, several if it is not, none if there is no answer.
    """
    usable = [one for one in found if not one.needs]
    ranks: tuple[Callable[[Application], bool], ...] = (
        lambda one: _is_named(one, flask_app),
        lambda one: one.arguments and one.attribute in _INSTANCES,
        lambda one: one.is_factory and one.attribute in _FACTORIES,
        lambda one: one.attribute in _INSTANCES,
        lambda one: True,
    )
    return next((best for rank in ranks if (best := tuple(filter(rank, usable)))), ())


def is_kind(names: Names, module: Module, expression: ast.expr, kinds: frozenset[str]) -> bool:
    """Whether an expression is a class of certain names, or a class of this folder that derives from one."""
    for _ in range(8):  # bases of bases
        dotted = names.meaning(module, expression)
        if dotted in kinds:
            return True
        definition, owner = names.definition(dotted), names.owner(dotted)
        if not isinstance(definition, ast.ClassDef) or not definition.bases or owner is None:
            return False
        module, expression = owner, definition.bases[0]
    return False


class _Finder:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._functions = [
            (module, binding)
            for module, _, binding in names.defined()
            if isinstance(binding, ast.FunctionDef)
        ]
        self._factories: dict[str, Application] = {}

    def found(self) -> tuple[Application, ...]:
        before = -1
        while before < len(self._factories):  # one function may return what another one creates
            before = len(self._factories)
            for module, function in self._functions:
                if self._returns_one(module, function):
                    one = Application(
                        f"{module.name}:{function.name}", module.path, function.lineno, True, _needs(function)
                    )
                    self._factories[f"{module.name}.{function.name}"] = one
        return (*self._factories.values(), *self._instances())

    def _instances(self) -> Iterator[Application]:
        for module, name, binding in self._names.defined():
            if isinstance(binding, ast.Call) and self._creates(module, binding):
                maker = self._factories.get(self._names.meaning(module, binding.func))
                given = maker is not None and bool(binding.args or binding.keywords)
                yield Application(
                    f"{module.name}:{name}",
                    module.path,
                    binding.lineno,
                    False,
                    made_by=maker.name if maker else "",
                    arguments=given,
                )

    def _creates(self, module: Module, call: ast.Call) -> bool:
        made = self._names.meaning(module, call.func) in self._factories
        return made or is_kind(self._names, module, call.func, _FLASK)

    def _returns_one(self, module: Module, function: ast.FunctionDef) -> bool:
        inside = with_imports_of(module, function)
        local: set[str] = set()
        returned: list[ast.expr] = []
        for node in ast.walk(function):
            match node:
                case (
                    ast.Assign(value=ast.Call() as call, targets=[ast.Name(id=name)])
                    | ast.AnnAssign(value=ast.Call() as call, target=ast.Name(id=name))
                ) if self._creates(inside, call):
                    local.add(name)
                case ast.Return(value=ast.expr() as value):
                    returned.append(value)
        return any(
            (isinstance(value, ast.Name) and value.id in local)
            or (isinstance(value, ast.Call) and self._creates(inside, value))
            or (isinstance(value, ast.Call) and _passes(value, local))
            for value in returned
        )


def _passes(call: ast.Call, local: set[str]) -> bool:
    """Whether a call is `init_app(app, …)`, which returns the application."""
    called = getattr(call.func, "id", getattr(call.func, "attr", ""))
    return called == "init_app" and bool(call.args) and getattr(call.args[0], "id", "") in local


def _needs(function: ast.FunctionDef) -> tuple[str, ...]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = positional[: len(positional) - len(arguments.defaults)]
    keyword = [
        one
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return tuple(one.arg for one in (*required, *keyword))


def _is_named(one: Application, flask_app: str | None) -> bool:
    """Whether FLASK_APP means this one: a file or a module, perhaps with an attribute or a call."""
    if not flask_app:
        return False
    place, _, attribute = flask_app.strip().partition(":")
    place = place.removeprefix("./").removeprefix("src/").removesuffix("/")
    module = place.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    if attribute:
        return one.module == module and (one.attribute == attribute or _calls(one, attribute))
    plain = _INSTANCES if not one.is_factory else _FACTORIES
    return one.module == module and one.attribute in plain


def _calls(one: Application, text: str) -> bool:
    return one.is_factory and bool(_CALLED.fullmatch(text)) and text.partition("(")[0] == one.attribute


def _all_imports(module: Module) -> Iterator[str]:
    yield from (bound for bound in module.bound.values() if isinstance(bound, str))
    yield from module.loads
