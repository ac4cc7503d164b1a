"""The examples in the product's docstrings are true."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module, util
from pathlib import Path

import pytest

import initdb


def modules_with_examples() -> list[str]:
    """The modules of the package whose source has an example."""
    names = (module.name for module in pkgutil.walk_packages(initdb.__path__, "initdb."))
    return [name for name in names if ">>>" in source(name)]


def source(name: str) -> str:
    spec = util.find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", modules_with_examples())
def test_the_examples_are_true(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is run in an empty folder, and gives what the docstring shows."""
    monkeypatch.chdir(tmp_path)
    done = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert done.attempted
    assert not done.failed
