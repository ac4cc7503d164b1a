"""Prints the sizes of modules and functions, and fails when one of the limits is broken."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
GROUPS = {
    "product": ("initdb", "statemachine", "steps", "events", "migrations"),
    "tests": ("tests",),
}
MEDIAN_MODULE = {"product": 100, "tests": 120}
LARGEST_MODULE = 400
SMALL_FUNCTION = 35
SMALL_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Size:
    """How many lines a module or a function has."""

    lines: int
    where: str


def main() -> int:
    """Prints one line a group and one for each broken limit; 1 when there is any."""
    broken = [complaint for group, folders in GROUPS.items() for complaint in _report(group, folders)]
    for complaint in broken:
        print(f"  {complaint}", file=sys.stderr)
    return 1 if broken else 0


def _report(group: str, folders: tuple[str, ...]) -> Iterator[str]:
    modules, functions = _measure(folders)
    middle = median(size.lines for size in modules)
    largest = max(modules, key=lambda size: size.lines)
    long = [size for size in functions if size.lines > SMALL_FUNCTION]
    share = 1 - len(long) / len(functions)
    print(
        f"{group}: {len(modules)} modules, median {middle:g} lines (at most {MEDIAN_MODULE[group]}), "
        f"largest {largest.lines} ({largest.where}, at most {LARGEST_MODULE}); "
        f"{len(functions)} functions, {share:.1%} up to {SMALL_FUNCTION} lines (at least {SMALL_SHARE:.0%})"
    )
    if middle > MEDIAN_MODULE[group]:
        yield f"{group}: the median module has {middle:g} lines"
    for size in modules:
        if size.lines > LARGEST_MODULE:
            yield f"{group}: {size.where} has {size.lines} lines"
    if share < SMALL_SHARE:
        yield f"{group}: too many long functions: " + ", ".join(f"{s.where} ({s.lines})" for s in long)


def _measure(folders: tuple[str, ...]) -> tuple[list[Size], list[Size]]:
    """Modules that hold more than a docstring, and every function in them, nested ones and methods too."""
    modules: list[Size] = []
    functions: list[Size] = []
    for path in sorted(path for folder in folders for path in _sources(ROOT / folder)):
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(ROOT))
        tree = ast.parse(text, name)
        if not all(isinstance(node, ast.Expr) for node in tree.body):
            modules.append(Size(len(text.splitlines()), name))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                end = node.end_lineno or node.lineno
                functions.append(Size(end - node.lineno + 1, f"{name}:{node.name}"))
    return modules, functions


def _sources(folder: Path) -> Iterator[Path]:
    """Python files below a folder, without those behind a link: they are measured where they are."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            yield from _sources(entry)
        elif entry.suffix == ".py":
            yield entry


if __name__ == "__main__":
    sys.exit(main())
