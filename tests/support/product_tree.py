"""The hash of the product's code: what a report is about."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
from pathlib import Path

TREE = Path(__file__).parents[2]
FOLDERS = ("events", "initdb", "migrations", "statemachine", "steps")

_NAMED = re.compile(r"The product's tree: `([0-9a-f]{16})`")


def product_tree(tree: Path = TREE) -> str:
    """16 hexadecimal digits over the names and the code of the product's sources.

    Comments, docstrings and empty lines do not count: a report is not out of date because of a sentence.
    Links are not followed, so that a folder that is also linked inside `initdb/` counts once.
    """
    digest = hashlib.sha256()
    for path in sorted(path for folder in FOLDERS for path in _sources(tree / folder)):
        digest.update(f"{path.relative_to(tree).as_posix()}\0".encode())
        source = path.read_text(encoding="utf-8")
        code = code_of(source) if path.suffix == ".py" else source
        digest.update(hashlib.sha256(code.encode()).digest())
    return digest.hexdigest()[:16]


def code_of(source: str) -> str:
    """Python source without comments, docstrings and other strings that stand alone, and empty lines."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            first, last = node.lineno - 1, node.end_lineno or node.lineno
            lines[first:last] = [""] * (last - first)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _sources(folder: Path) -> list[Path]:
    found = []
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name != "__pycache__":
            found += _sources(path)
        elif path.is_file() and path.suffix in {".py", ".mako", ".ini", ".sql"}:
            found.append(path)
    return found


def named(tree: str) -> str:
    """The line of a report that names the tree that it is about."""
    said = "comments and docstrings do not count"
    return f"The product's tree: `{tree}` (`python -m tests.support.product_tree` prints today's; {said})."


def outdated(report: str, tree: str) -> str | None:
    """What to say of a report that is about another tree; None where it is about this one."""
    found = _NAMED.search(report)
    if found is None:
        return f"it names no tree of the product; today's is {tree}"
    return None if found[1] == tree else f"it is about the tree {found[1]}; today's is {tree}"


if __name__ == "__main__":
    print(product_tree())
