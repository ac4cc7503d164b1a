"""How seeding functions that an application passes as objects are declared, named and hashed."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType
from typing import TypeVar

from initdb.steps.seeds.model import OnConflict, SeedSource
from initdb.steps.seeds.options import options_of

Function = TypeVar("Function", bound=Callable[..., object])


def seed(
    *,
    table: str | None = None,
    key: str | Sequence[str] = (),
    on_conflict: OnConflict = "skip",
    name: str | None = None,
) -> Callable[[Function], Function]:
    """Declare what a seeding function fills.

    A function without a parameter yields rows for `table`, each a dict by column name. A function with one
    parameter gets the Connection and works on it without committing. It may return how many rows it created.

    Args:
        table: The table that the rows are for.
        key: The column or columns that identify a row. For a function that gets the Connection, a key says
            that running it again does no harm.
        on_conflict: What to do with a row that exists: "skip" or "update" it.
        name: The function's name in the ledger; without one, its module and qualified name.

    Example:
        >>> @seed(table="roles", key="name")
        ... def first_roles():
        ...     yield {"name": "admin"}
        >>> function_source(first_roles).table
        'roles'
    """

    def declare(function: Function) -> Function:
        vars(function).update(table=table, key=key, on_conflict=on_conflict, seed_name=name)
        return function

    return declare


def function_source(function: Callable[..., object]) -> SeedSource:
    """The seed source of a function, which is not called.

    Args:
        function: Declared with `seed`, or any other function.

    Raises:
        InitError: `seed-file-unreadable`, if a declared option has a wrong value.
    """
    name = getattr(function, "seed_name", None) or function_name(function)
    declared = {option: getattr(function, option, None) for option in ("table", "key", "on_conflict")}
    options = options_of(name, declared)
    return SeedSource(
        name,
        "python callable" if _takes_connection(function) else "python rows",
        options.table,
        function_digest(function),
        options.key,
        options.on_conflict,
        function=function,
    )


def function_name(function: Callable[..., object]) -> str:
    """The module and the qualified name. The main module has the name by which others import it."""
    inner = _plain(function)
    module = inner.__module__
    if module == "__main__":
        main = sys.modules["__main__"]
        spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        module = spec.name.removesuffix(".__main__") if spec else Path(file).stem if file else module
    return f"{module}.{inner.__qualname__}"


def function_digest(function: Callable[..., object]) -> str:
    """The SHA-256 of the function's own source, or of its code if there is no source.

    It is not a hash of the file. Otherwise a function that works on the connection would run again after
    every edit of its module.

    Args:
        function: The function.
    """
    inner = _plain(function)
    try:
        content = inspect.getsource(inner).encode()
    except (OSError, TypeError):
        code = getattr(inner, "__code__", None)
        content = repr(list(_parts(code)) if code else inner.__qualname__).encode()
    return hashlib.sha256(content).hexdigest()


def _plain(function: Callable[..., object]) -> Callable[..., object] | type:
    """The function inside partials, wrappers and callable objects."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    return function if hasattr(function, "__qualname__") else type(function)


def _takes_connection(function: Callable[..., object]) -> bool:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return any(p.kind in positional and p.default is p.empty for p in parameters)


def _parts(code: CodeType) -> Iterator[object]:
    """What the code does, without file names and line numbers."""
    yield code.co_code, code.co_names, code.co_varnames
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        else:
            yield sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant
