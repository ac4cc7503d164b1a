"""The hash of the product's files: what a report is about."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

TREE = Path(__file__).parents[2]
FOLDERS = ("events", "initdb", "migrations", "statemachine", "steps")

_NAMED = re.compile(r"The product's tree: `([0-9a-f]{16})`")


def product_tree(tree: Path = TREE) -> str:
    """16 hexadecimal digits over the names and contents of the product's sources.

    Where the folders are links inside `initdb/`, they are not followed: each file counts once.
    """
    digest = hashlib.sha256()
    for path in sorted(path for folder in FOLDERS for path in _sources(tree / folder)):
        digest.update(f"{path.relative_to(tree).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


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
    return f"The product's tree: `{tree}` (`python -m tests.support.product_tree` prints that of today)."


def outdated(report: str, tree: str) -> str | None:
    """What to say of a report that is about another tree; None where it is about this one."""
    found = _NAMED.search(report)
    if found is None:
        return f"it names no tree of the product; today's is {tree}"
    return None if found[1] == tree else f"it is about the tree {found[1]}; today's is {tree}"


if __name__ == "__main__":
    print(product_tree())
