"""Seeding functions that an application passes in code: how they are declared, named and hashed."""

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

    A function without a parameter yields rows, dicts by column name, for `table`. One with a parameter is
    given the Connection and works on it without committing; it may return how many rows it made. `key`: the
    columns by which a row is recognized (a connection-taking function with a key says that it does no harm
    when run again). `on_conflict`: "skip" or "update" rows that exist. `name`: what the ledger calls it; else
    the module and the qualified name.
    """

    def declare(function: Function) -> Function:
        vars(function).update(table=table, key=key, on_conflict=on_conflict, seed_name=name)
        return function

    return declare


def function_source(function: Callable[..., object]) -> SeedSource:
    """The source that a function is; it is not called. Raises InitError seed-file-unreadable."""
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
    """The function's module and qualified name; the main module's is that by which it is imported."""
    inner = _plain(function)
    module = inner.__module__
    if module == "__main__":
        main = sys.modules["__main__"]
        spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        module = spec.name.removesuffix(".__main__") if spec else Path(file).stem if file else module
    return f"{module}.{inner.__qualname__}"


def function_digest(function: Callable[..., object]) -> str:
    """SHA-256 of the function's own source, else of its code.

    Not of its file: a function that works on the connection would run again after any edit of the module.
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
    """What the code does, without where it stands."""
    yield code.co_code, code.co_names, code.co_varnames
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        else:
            yield sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant
