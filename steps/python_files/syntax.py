"""Python source to its syntax tree, without running it."""

from __future__ import annotations

import ast
import gc


def syntax_tree(source: bytes | str, name: str = "<unknown>") -> ast.Module:
    """The tree of `source`; `name` is what a SyntaxError calls it. Raises what ast.parse raises.

    Python 3.11 may raise SystemError where the garbage collector meanwhile runs code that parses as well
    (https://github.com/python/cpython/issues/106905): then once more, without the collector.
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
