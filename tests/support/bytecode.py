"""Compiled modules of the product, kept beside it: else every process that a test starts compiles them anew.

An environment with PYTHONDONTWRITEBYTECODE keeps none. They are checked by the hash of their source, not by
its time: a fault planted within the same second is not run as what was there before.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PARTS = ("initdb", "events", "statemachine", "steps", "migrations")
_CHECKED = b"\x03\0\0\0"
"""The flags of a compiled module that says the hash of its source, to be compared when it is imported."""


def compile_product(root: Path = _ROOT) -> None:
    """Compile what has changed. A folder that cannot be written to stays as it is."""
    with contextlib.suppress(OSError):
        for source in _sources(root):
            kept = Path(importlib.util.cache_from_source(str(source)))
            if not _is_of(kept, source.read_bytes()):
                mode = py_compile.PycInvalidationMode.CHECKED_HASH
                py_compile.compile(str(source), str(kept), invalidation_mode=mode, quiet=2)


def write_while_collecting(collecting: bool) -> None:
    """pytest keeps the tests' modules as it has rewritten them. While tests run nothing is kept: they change
    revisions twice a second, and a compiled module is believed where time and size are the same."""
    sys.dont_write_bytecode = not collecting
    if not collecting:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def _sources(root: Path) -> Iterator[Path]:
    for part in _PARTS:
        for folder, folders, files in os.walk(root / part):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (Path(folder, name) for name in files if name.endswith(".py"))


def _is_of(kept: Path, source: bytes) -> bool:
    """Whether the compiled module is of this source and this Python."""
    try:
        with kept.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        return False
    return head == importlib.util.MAGIC_NUMBER + _CHECKED + importlib.util.source_hash(source)
