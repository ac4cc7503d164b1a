"""Reads Python seed files (`NN_name.py`): their constants, and the function that they define."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from traceback import walk_tb
from typing import cast

from initdb.errors import InitError
from initdb.errors.classify import VALUES
from initdb.errors.translated import translated
from initdb.errors.withheld import kind_of
from initdb.loading.fresh import load_file
from initdb.steps.python_files.syntax import syntax_tree
from initdb.steps.seeds.model import Kind, SeedSource

CONSTANTS = ("TABLE", "KEY", "ON_CONFLICT")


@dataclass(frozen=True, slots=True)
class Script:
    """A seed file as read.

    Attributes:
        kind: The kind of source that it is.
        constants: Those of CONSTANTS that it has.
    """

    kind: Kind
    constants: dict[str, object]


def read_script(name: str, content: bytes) -> Script:
    """Read the file without running it.

    Args:
        name: What messages call the file.
        content: Its bytes.

    Raises:
        InitError: `seed-file-unreadable`, if it is not Python, defines neither or both of `rows` and `seed`,
            or has a constant that is no literal.
    """
    try:
        tree = syntax_tree(content)
    except SyntaxError as error:
        raise InitError("seed-file-unreadable", f"{name} line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InitError("seed-file-unreadable", f"{name}: {error}") from error
    bound = set(_names(tree))
    match "rows" in bound, "seed" in bound:
        case True, False:
            kind: Kind = "python rows"
        case False, True:
            kind = "python callable"
        case both, _:
            found = "both rows() and seed(connection)" if both else "neither rows() nor seed(connection)"
            raise InitError("seed-file-unreadable", f"{name} defines {found}; it must define one of them")
    return Script(kind, dict(_constants(name, tree)))


def load_function(source: SeedSource) -> Callable[..., object]:
    """The source's function. A file runs now, and only if its content still has the digest of the source.

    Raises:
        InitError: `seed-callable-failed`, if the file raises; `seed-file-unreadable`, if it has changed
            meanwhile.
    """
    if source.function is not None:
        return source.function

    def check(digest: str) -> None:
        if digest != source.digest:
            raise InitError("seed-file-unreadable", f"{source.name} has changed since this run began")

    def failure(error: Exception) -> InitError:
        place = line_in(error, source)
        said = f"{source.name}{place}: running the file raised {kind_of(error)}"
        return InitError("seed-callable-failed", said).with_advice(VALUES.format("resume"))

    with translated(failure, InitError):
        module, _ = load_file(f"initdb_seed_{source.digest[:16]}", source.file, check)
        function = getattr(module, "rows" if source.kind == "python rows" else "seed")
    if not callable(function):
        raise InitError("seed-file-unreadable", f"{source.name}: {function!r} is not a function")
    return cast(Callable[..., object], function)


def line_in(error: BaseException, source: SeedSource) -> str:
    """The last line of a source's own file that ran when an error was raised, as " line 3"; "" if none did.

    Args:
        error: What the code of the source raised.
        source: The source, a file or a function.
    """
    code = getattr(source.function, "__code__", None)
    file = str(source.path) if source.path is not None else getattr(code, "co_filename", None)
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return f" line {lines[-1]}" if lines else ""


def _names(tree: ast.Module) -> Iterator[str]:
    """The names that the module defines at its top level."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from (alias.asname or alias.name for alias in aliases)
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def _constants(name: str, tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=constant)], value=value) if constant in CONSTANTS:
                pass
            case ast.AnnAssign(target=ast.Name(id=constant), value=ast.expr() as value) if (
                constant in CONSTANTS
            ):
                pass
            case _:
                continue
        try:
            yield constant, ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError) as error:
            said = f"{name} line {node.lineno}: {constant} must be a literal, since the file is read, not run"
            raise InitError("seed-file-unreadable", said) from error
