"""Parses Python source to its syntax tree, without running it."""

from __future__ import annotations

import ast
import gc


def syntax_tree(source: bytes | str, name: str = "<unknown>") -> ast.Module:
    """The syntax tree of a source.

    Python 3.11 may raise SystemError if the garbage collector meanwhile runs code that parses too
    (https://github.com/python/cpython/issues/106905). Then it is parsed again, without the collector.

    Args:
        source: The source.
        name: What a SyntaxError calls it.

    Raises:
        Exception: What `ast.parse` raises.
    """
    try:
        return ast.parse(source, name)
    except SystemError:
        collecting = gc.isenabled()
        gc.disable()
        try:
            return ast.parse(source, name)
        finally:
            if collecting:
                gc.enable()
