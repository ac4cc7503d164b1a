"""Prints the sizes of modules and functions, and how often typing and excepts are broad; fails at a limit."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
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
MOST_ANY = 120
MOST_BROAD = 25
LEAST_RATIO = 1.4
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True, slots=True)
class Size:
    """How many lines a module or a function has."""

    lines: int
    where: str


def main() -> int:
    """Prints one line a group and one for each broken limit; 1 when there is any."""
    broken = [complaint for group, folders in GROUPS.items() for complaint in _report(group, folders)]
    broken += _of_the_product()
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


def _of_the_product() -> Iterator[str]:
    """How often the product says Any and catches everything, and how many lines of tests a line of it has."""
    trees = [ast.parse(path.read_bytes()) for folder in GROUPS["product"] for path in _sources(ROOT / folder)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    anything, broad = sum(map(_is_any, nodes)), sum(map(_is_broad, nodes))
    ratio = _lines(GROUPS["tests"]) / _lines(GROUPS["product"])
    print(
        f"product: {anything} times Any (at most {MOST_ANY}), {broad} broad excepts (at most {MOST_BROAD});"
        f" {ratio:.2f} lines of code in the tests for each of the product (at least {LEAST_RATIO})"
    )
    if anything > MOST_ANY:
        yield f"product: Any is said {anything} times"
    if broad > MOST_BROAD:
        yield f"product: every error is caught {broad} times"
    if ratio < LEAST_RATIO:
        yield f"tests: {ratio:.2f} lines of code for each of the product"


def _is_any(node: ast.AST) -> bool:
    """Whether it is the name Any, where it is used and not where it is imported."""
    return (isinstance(node, ast.Name) and node.id == "Any") or (
        isinstance(node, ast.Attribute) and node.attr == "Any"
    )


def _is_broad(node: ast.AST) -> bool:
    """Whether it catches every error: an except without a class or with a broad one, or suppress()."""
    if isinstance(node, ast.ExceptHandler):
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        return any(one is None or _is_broad_class(one) for one in caught)
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "suppress":
        return any(_is_broad_class(one) for one in node.args)
    return False


def _is_broad_class(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in {"Exception", "BaseException"}


def _lines(folders: tuple[str, ...]) -> int:
    return sum(_code_lines(path) for folder in folders for path in _sources(ROOT / folder))


def _code_lines(path: Path) -> int:
    """The lines of code: no blank ones, comments and docstrings, so that words cost nothing."""
    text = path.read_text(encoding="utf-8")
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            found.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(found)


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
