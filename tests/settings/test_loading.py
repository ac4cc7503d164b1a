"""Objects written as "module:attribute": how they are found, and the errors if they are not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from initdb.errors import InitError
from initdb.loading.models import as_metadata, load_metadata
from initdb.loading.objects import load_object

Write = Callable[[str], str]
NUMBERS = count()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module of a name never used before into the working directory, and gives that name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    names: list[str] = []

    def write(source: str) -> str:
        names.append(f"loaded_{next(NUMBERS)}")
        (tmp_path / f"{names[-1]}.py").write_text(source, encoding="utf-8")
        return names[-1]

    yield write
    for name in names:
        sys.modules.pop(name, None)


def refused(text: str, reference: str = "bad-metadata") -> str:
    with pytest.raises(InitError) as caught:
        load_object(text, reference=reference)
    assert reference == caught.value.reference
    (line,) = caught.value.context
    return line


def test_an_attribute_of_a_module_in_the_working_directory(write: Write) -> None:
    """The working directory is on the path, dots lead into attributes."""
    name = write("class Config:\n    value = 5")
    assert load_object(f"{name}:Config.value") == 5


def test_a_folder_given_is_used_instead(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settings file in a parent means the modules beside it."""
    name = write("value = 5")
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert load_object(f"{name}:value", folder=tmp_path) == 5


@pytest.mark.parametrize(
    "text", ["shop", "shop:", ":db", "shop.:db", ".shop:db", "shop:db()", "a b:c", "", "a:b:c"]
)
def test_what_is_not_written_so(text: str) -> None:
    """Anything else than two dotted names with a colon between is refused before anything is imported."""
    assert refused(text) == f'"{text}" is not written as "module:attribute", such as "shop.models:db"'


def test_no_such_module(tmp_path: Path, write: Write) -> None:
    """The part that is missing is named, with where it was looked for."""
    name = write("")
    nowhere = f"in {tmp_path} nor among the installed packages"
    assert (
        refused("nosuch.models:db", "bad-app") == f'"nosuch.models:db": there is no module nosuch {nowhere}'
    )
    assert refused(f"{name}.models:db") == f'"{name}.models:db": there is no module {name}.models {nowhere}'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("\nimport nosuch_at_all", "ModuleNotFoundError: nosuch_at_all ({file}, line 2)"),
        (
            "import json\n\njson.loads('x')",
            "JSONDecodeError ({file}, line 3)",
        ),
        ("1 / 0", "ZeroDivisionError ({file}, line 1)"),
        ("def f(:", "SyntaxError ({file}, line 1)"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 ({file}, line 2)"),
        ("raise ValueError", "ValueError ({file}, line 1)"),
        ("raise OSError('postgresql://u:hunter2@h/d')", "OSError ({file}, line 1)"),
    ],
)
def test_the_module_raised(source: str, said: str, write: Write, tmp_path: Path) -> None:
    """What a module raises is reported by type and line, and not mistaken for a missing module."""
    name = write(source)
    expected = said.format(file=tmp_path / f"{name}.py", name=name)
    assert refused(f"{name}:db") == f'"{name}:db": importing {name} raised {expected}'


def test_no_such_attribute(write: Write) -> None:
    """An attribute that is missing is named, with the nearest one."""
    name = write("metadata = 5")
    assert refused(f"{name}:metdata") == f'"{name}:metdata": {name} has no metdata; did you mean metadata?'
    assert refused(f"{name}:metadata.xyz") == f'"{name}:metadata.xyz": int has no xyz'


def test_an_attribute_that_raises(write: Write, tmp_path: Path) -> None:
    """A module whose attributes are computed may raise anything."""
    name = write("def __getattr__(name):\n    raise RuntimeError('not now')")
    where = tmp_path / f"{name}.py"
    assert refused(f"{name}:db") == f'"{name}:db": looking up db raised RuntimeError ({where}, line 2)'


MODELS = """
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, declarative_base, registry

class Base(DeclarativeBase): ...
class Model(Base):
    __tablename__ = "models"
    id = Column(Integer, primary_key=True)

Old = declarative_base()
metadata = MetaData()
table = Table("t", metadata)
mapper = registry()
db = SQLAlchemy()
def make(): return metadata
def make_base(): return Base
make_later = lambda: make
number = 5
def broken(): raise LookupError("no tables")
def needs(one): ...
"""


def test_whatever_has_metadata(write: Write) -> None:
    """A MetaData, both kinds of base, a registry, a db object, a function that returns one of them."""
    name = write(MODELS)
    names = ["Base", "Model", "Old", "metadata", "table", "mapper", "db", "make", "make_base"]
    assert all(isinstance(load_metadata(f"{name}:{attribute}"), MetaData) for attribute in names)
    assert list(load_metadata(f"{name}:Base").tables) == ["models"]
    assert load_metadata(f"{name}:make") is load_metadata(f"{name}:metadata")


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        (
            "number",
            "is of type int; "
            "allowed: a MetaData, a declarative base, a db object, a list of these, or a function that"
            " returns one",
        ),
        ("SQLAlchemy", "is the class SQLAlchemy; allowed: "),
        ("make_later", "is of type function; allowed: "),
        ("broken", "raised when it was used: LookupError ("),
        (
            "needs",
            "raised when it was used: TypeError",
        ),
    ],
)
def test_what_has_none(attribute: str, said: str, write: Write) -> None:
    """Anything else is refused; a class is not called, since a new db object would have no tables."""
    name = write(MODELS)
    with pytest.raises(InitError) as caught:
        load_metadata(f"{name}:{attribute}")
    assert caught.value.reference == "bad-metadata"
    assert caught.value.context[0].startswith(f'"{name}:{attribute}" {said}')


def test_a_proxy_outside_of_its_context() -> None:
    """An object that raises at every touch is an InitError too."""
    from flask import current_app

    with pytest.raises(InitError, match="raised when it was used: RuntimeError"):
        as_metadata(current_app, "flask:current_app")
