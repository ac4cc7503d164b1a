"""Says what is in a folder: applications, models, Alembic directories. A pure function of its files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from initdb.cli.discovery import applications as flask
from initdb.cli.discovery.applications import Application
from initdb.cli.discovery.directories import Directory, directories
from initdb.cli.discovery.models import Models, base_named, models_of
from initdb.cli.discovery.modules import module_of, parse
from initdb.cli.discovery.names import Names, names_of
from initdb.cli.discovery.reading import Contents
from initdb.cli.discovery.rivals import Rival, rivals

VARIABLES = ("FLASK_APP", "DATABASE_URL", "SQLALCHEMY_DATABASE_URI")
"""Variables that an application reads."""

_ENTRY_FILES = ("app.py", "asgi.py", "main.py", "manage.py", "wsgi.py")
_LIBRARY = re.compile(
    rb"^\s*(?:from|import)\s+(?P<name>aiohttp|alembic|apiflask|asyncpg|bottle|celery|django|falcon|fastapi|flask\w*"
    rb"|litestar|peewee|psycopg2?|pyramid|quart|sanic|sqlalchemy|sqlmodel|starlette|tornado)\b",
    re.MULTILINE,
)
_DOTENV_LINE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that an application reads, and where it is set.

    Attributes:
        name: Its name.
        file: The file that sets it; "" for the environment.
    """

    name: str
    file: str = ""

    def __str__(self) -> str:
        """A line that says where it is set."""
        return f"{self.name} is set in {self.file or 'the environment'}"


@dataclass(frozen=True, slots=True)
class Folder:
    """What is in a folder.

    Attributes:
        path: Its absolute path.
        applications: The Flask applications that initdb can import from it.
        best: Those of them that are most likely the one.
        databases: The Flask-SQLAlchemy objects, by dotted names.
        boots: Whether the application calls initdb when it starts.
        rivals: The calls by which it makes or migrates its tables itself when it starts.
        models: The bases of models.
        directories: The Alembic directories.
        variables: The variables that an application reads.
        flask_app: The value of FLASK_APP, if it is set.
        elsewhere: Inner folders that hold an application which cannot be imported from here.
        others: Files that are part of some application, each with the reason.
        wrong: What could not be read, as lines.
        names: The modules that can be imported from it.
    """

    path: Path
    applications: tuple[Application, ...]
    best: tuple[Application, ...]
    databases: tuple[str, ...]
    boots: bool
    rivals: tuple[Rival, ...]
    models: tuple[Models, ...]
    directories: tuple[Directory, ...]
    variables: tuple[Variable, ...]
    flask_app: str | None
    elsewhere: tuple[str, ...]
    others: tuple[str, ...]
    wrong: tuple[str, ...]
    names: Names

    @property
    def is_importable(self) -> bool:
        """Whether it holds an application, models or revisions that settings beside them can name."""
        return bool(self.applications or self.models or self.directories)

    def signs(self) -> tuple[str, ...]:
        """All that speaks for an application, as lines; none if there is nothing of one."""
        found = [
            *map(str, self.best or self.applications),
            *map(str, self.models),
            *map(str, self.directories),
            *(f"{one}: an application lies in this folder" for one in self.elsewhere),
            *map(str, self.variables),
        ]
        return tuple(found) or self.others


def look_into(contents: Contents) -> Folder:
    """Say what is in a folder.

    Args:
        contents: What was read there.
    """
    names, inner, no_python = names_of(contents.python)
    found, wrong = directories(contents)
    applications = flask.applications(names)
    models = models_of(names, tuple(_hints(contents, names, found)))
    values = _values(contents)
    best = flask.chosen(applications, values.get("FLASK_APP"))
    elsewhere = tuple(
        base
        for base, one in sorted(inner.items())
        if _holds_one(one) and base not in {directory.folder for directory in found}
    )
    if not applications and not models:  # what is in the folder of an application belongs to that
        found = tuple(one for one in found if not one.env_py.startswith(tuple(f"{at}/" for at in elsewhere)))
    return Folder(
        path=contents.folder,
        applications=applications,
        best=best,
        databases=flask.databases(names),
        boots=flask.boots(names),
        rivals=tuple(rival for one in best for rival in rivals(names, one)),
        models=models,
        directories=found,
        variables=tuple(_variables(contents)),
        flask_app=values.get("FLASK_APP"),
        elsewhere=elsewhere,
        others=tuple(_others(contents)),
        wrong=(
            *(f"{path}: it cannot be read" for path in contents.unreadable),
            *(f"{path}: it is no Python of this version" for path in no_python),
            *wrong,
            *(["there are more files, which were not looked at"] if contents.is_cut else []),
        ),
        names=names,
    )


def _holds_one(names: Names) -> bool:
    return bool(flask.applications(names) or models_of(names))


def _hints(contents: Contents, names: Names, found: tuple[Directory, ...]) -> Iterator[str]:
    """The models that each env.py compares with the database."""
    for one in found:
        tree = parse(contents.python[one.env_py])
        if tree is None:
            continue
        module = module_of("env", one.env_py, tree)
        bound = module.bound.get("target_metadata")
        listed = bound.elts if isinstance(bound, ast.List | ast.Tuple) else (ast.Name("target_metadata"),)
        yield from filter(None, (base_named(names, module, expression) for expression in listed))


def _variables(contents: Contents) -> Iterator[Variable]:
    for name in VARIABLES:
        if contents.environ.get(name, "").strip():
            yield Variable(name)
    for file, content in contents.dotenv.items():
        lines = {line["name"] for line in _lines(content)}
        yield from (Variable(name, file) for name in VARIABLES if name in lines)


def _values(contents: Contents) -> dict[str, str]:
    """The values of FLASK_APP and nothing else, as `flask` reads them: the environment first, then .env."""
    found: dict[str, str] = {}
    for content in (contents.dotenv.get(".flaskenv", b""), contents.dotenv.get(".env", b"")):
        for line in _lines(content):
            if line["name"] == "FLASK_APP" and (value := line["value"].partition(" #")[0].strip(" '\"")):
                found["FLASK_APP"] = value
    if value := contents.environ.get("FLASK_APP", "").strip():
        found["FLASK_APP"] = value
    return found


def _lines(content: bytes) -> Iterator[re.Match[str]]:
    return _DOTENV_LINE.finditer(content.decode(errors="replace"))


def _others(contents: Contents) -> Iterator[str]:
    """Files that are part of some application, although it is not one that can be named."""
    for path, content in contents.python.items():
        library = _LIBRARY.search(content)
        if library is not None:
            yield f"{path} imports {library['name'].decode()}"
        elif PurePosixPath(path).name in _ENTRY_FILES:
            yield f"{path}: an application usually has a file of this name"
    yield from (f"{path}: a configuration of Alembic" for path in contents.inis)
