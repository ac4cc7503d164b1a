"""Reads in the source of an env.py what it does, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from initdb.steps.python_files.syntax import syntax_tree

DEFAULT = ("alembic_version", None)


def version_table(env_py: Path) -> tuple[str, str | None]:
    """The name and the schema of the version table. They are Alembic's defaults if env.py has no literals."""
    found = {
        keyword.arg: keyword.value.value
        for node in _nodes(env_py, b"version_table")
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("version_table", "version_table_schema")
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }
    return found.get("version_table", DEFAULT[0]), found.get("version_table_schema")


def runs_in_a_loop(env_py: Path) -> bool:
    """Whether it calls run_migrations in a loop. An env.py for several databases does."""
    loops = (node for node in _nodes(env_py) if isinstance(node, ast.For | ast.AsyncFor | ast.While))
    return any(
        isinstance(inner, ast.Call) and _called(inner) == "run_migrations"
        for loop in loops
        for inner in ast.walk(loop)
    )


def chooses_folders(env_py: Path) -> bool:
    """Whether it uses `version_locations`. Then env.py must run before its revisions are known."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "version_locations"
        for node in _nodes(env_py, b"version_locations")
    )


def awaits(env_py: Path) -> bool:
    """Whether it creates an engine with an asynchronous driver."""
    names = {"async_engine_from_config", "create_async_engine", "AsyncEngine"}
    return any(
        getattr(node, "id", None) in names or getattr(node, "attr", None) in names for node in _nodes(env_py)
    )


def _nodes(env_py: Path, word: bytes = b"") -> Iterator[ast.AST]:
    """The nodes of the syntax tree; none if the file lacks a word, is missing or is no Python."""
    try:
        text = env_py.read_bytes()
        yield from ast.walk(syntax_tree(text)) if word in text else ()
    except (OSError, SyntaxError, ValueError):
        return


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
