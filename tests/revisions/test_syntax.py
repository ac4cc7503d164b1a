"""Source can be parsed whatever the garbage collector does meanwhile."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator

import pytest

from initdb.steps.python_files.syntax import syntax_tree

SOURCE = "value = [1, 2, (3, {4: 5})]\n" * 400


class Parsing:
    """A cycle whose end parses, as that of a library's object may."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        ast.parse("x = (1, [2])")


@pytest.fixture
def _eager_collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(300)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_eager_collector")
def test_a_finalizer_that_parses_does_no_harm() -> None:
    """Python 3.11 raises SystemError from the parse that it interrupts."""
    for _ in range(5):
        for _ in range(5):
            Parsing()
        assert len(syntax_tree(SOURCE).body) == 400
    assert gc.isenabled()


def test_a_syntax_error_names_its_file() -> None:
    """As ast.parse does."""
    with pytest.raises(SyntaxError) as raised:
        syntax_tree(b"def broken(:\n", "env.py")
    assert (raised.value.filename, raised.value.lineno) == ("env.py", 1)
