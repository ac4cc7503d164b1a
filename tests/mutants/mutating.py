"""The mutants of a module: mutmut makes them, and this module says what each of them changes."""

from __future__ import annotations

import ast
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

_MUTMUT = "from mutmut.mutation.trampoline import"
_OURS = "from tests.mutants.trampoline import"
_SEPARATOR = "ǁ"
_LATER = {"property", "cache", "contextmanager", "contextlib.contextmanager"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of a function, and mutmut's name for it, which is another where the function changes."""

    name: str
    function: str
    change: str


def mutate(tree: Path, file: str) -> list[Mutant]:
    """Puts every mutant of `initdb/FILE` into the copy of the tree, beside the function as it is."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    path = tree / "initdb" / file
    with contextlib.chdir(tree):
        made = mutate_file_contents(str(path), decorated_later(path.read_text()))
    path.write_text(made.code.replace(_MUTMUT, _OURS))
    module = f"initdb.{file.removesuffix('.py').replace('/', '.')}"
    functions = dict(_functions(made.code))
    seen: Counter[tuple[str, str]] = Counter()
    mutants = []
    for name in made.mutant_names:
        mangled = name.rpartition("__mutmut_")[0]
        function = mangled.removeprefix(f"x{_SEPARATOR}").removeprefix("x_").replace(_SEPARATOR, ".")
        change = _change(functions[f"{mangled}__mutmut_orig"], functions[name])
        seen[function, change] += 1
        again = f" ({seen[function, change]})" if seen[function, change] > 1 else ""
        mutants.append(Mutant(f"{module}.{name}", function, change + again))
    return mutants


def decorated_later(source: str) -> str:
    """The same code, with functions that are decorated after their definition.

    mutmut passes over a function that has a decorator.

    Example:
        >>> print(decorated_later("@contextmanager\\ndef f():\\n    yield"))
        def f():
            yield
        f = contextmanager(f)
    """
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef) or len(node.decorator_list) != 1:
            continue
        (decorator,) = node.decorator_list
        said = ast.unparse(decorator)
        if said in _LATER:
            lines[decorator.lineno - 1] = ""
            last = (node.end_lineno or node.lineno) - 1
            lines[last] += f"\n{' ' * node.col_offset}{node.name} = {said}({node.name})"
    return "\n".join(lines) + "\n"


def _functions(code: str) -> Iterator[tuple[str, list[str]]]:
    """Name → lines of what mutmut has written: each function under its name, each mutant under its own."""
    lines = code.splitlines()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef) and "__mutmut" in node.name:
            signature, *body = lines[node.lineno - 1 : node.end_lineno]
            yield node.name, [line.strip() for line in (signature.replace(node.name, ""), *body)]


def _change(before: list[str], after: list[str]) -> str:
    """The lines that differ, in one line."""
    parts = [one for one in SequenceMatcher(None, before, after, False).get_opcodes() if one[0] != "equal"]
    old = " ".join(line for _, start, end, _, _ in parts for line in before[start:end])
    new = " ".join(line for _, _, _, start, end in parts for line in after[start:end])
    return f"{old or '(nothing)'} → {new or '(nothing)'}"
