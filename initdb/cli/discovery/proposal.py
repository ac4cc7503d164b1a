"""Proposes settings for what is in a folder, and says what a person has to decide or to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from initdb.cli.discovery.directories import Directory
from initdb.cli.discovery.folder import Folder
from initdb.errors.redact import scrub, url_text

ORDER = ("application", "database_url", "app", "metadata", "migrations", "seeds", "schema_from")
"""The settings that can be proposed or given, in the order of a file."""

_PLACEHOLDERS = ("driver://", "%(", "${")


@dataclass(slots=True)
class Proposal:
    """Settings that are proposed.

    Attributes:
        settings: Name → value.
        undecided: What a person has to decide first, as lines.
        needed: What a person has to do besides, as lines.
    """

    settings: dict[str, str] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the settings are all that is needed."""
        return bool(self.settings) and not self.undecided and not self.needed


def propose(folder: Folder, present: Collection[str]) -> Proposal:
    """Propose the settings that a folder needs and that are not set.

    Args:
        folder: What is in it.
        present: The names of the settings that are set.
    """
    found = Proposal()
    known = set(present)
    if "schema_from" in known and not known & {"app", "metadata", "migrations"}:  # the identity schema
        return found
    if not known & {"app", "metadata"}:
        if folder.databases:
            _application(folder, found)
        elif "migrations" not in known:
            _models(folder, found)
    known |= found.settings.keys()
    if "migrations" not in known:
        _migrations(folder, known, found, is_new="app" in found.settings)
    known |= found.settings.keys()
    if not known & {"app", "database_url", "work_url"} and known & {"metadata", "migrations"}:
        _database(folder, found)
    return found


def _application(folder: Folder, found: Proposal) -> None:
    if len(folder.best) == 1:
        found.settings["app"] = folder.best[0].name
    elif folder.best:
        found.undecided.append(
            f"Which application is it? {_choices('app', (one.name for one in folder.best))}"
        )
    elif folder.applications:
        one = folder.applications[0]
        found.undecided.append(
            f"{one.attribute}() needs {', '.join(one.needs)}, and initdb calls it without arguments. Write a"
            f" module wsgi.py with app = {one.attribute}(…), then: initdb init"
        )
    else:
        found.undecided.append(
            f"{folder.databases[0]} is of Flask-SQLAlchemy, but no Flask application was found. Name the"
            " function that creates it, for example: initdb init --app shop:create_app"
        )


def _models(folder: Folder, found: Proposal) -> None:
    whole = [one for one in folder.models if one.name]
    compared = [one for one in whole if one.is_compared]
    if len(compared or whole) == 1:
        found.settings["metadata"] = (compared or whole)[0].name
    elif compared and len(folder.directories) == 1:
        found.settings["metadata"] = ",".join(one.name for one in compared)
    elif whole:
        found.undecided.append(f"Which models are they? {_choices('metadata', (one.name for one in whole))}")
    elif folder.models:
        one = folder.models[0]
        lines = found.needed if folder.directories else found.undecided
        lines.append(
            f"No module imports all tables of {one.base}: they are in {', '.join(one.modules)}. Import them"
            f" in one module, together with {one.attribute}, then: initdb init"
        )


def _migrations(folder: Folder, known: Collection[str], found: Proposal, *, is_new: bool) -> None:
    by_flask = [one for one in folder.directories if one.by_flask]
    candidates = by_flask if "app" in known and by_flask else folder.directories
    if len(candidates) > 1 and not by_flask:
        names = (one.name for one in candidates)
        found.undecided.append(f"Which directory is it? {_choices('migrations', names)}")
    if len(candidates) != 1 or ("app" in known and by_flask and not is_new):
        return  # Flask-Migrate knows its own
    found.settings["migrations"] = candidates[0].name
    if by_flask and "app" not in known and not found.undecided:
        found.undecided.append(
            f"{candidates[0].env_py} asks Flask for the application. Name it, for example:"
            " initdb init --app shop:create_app"
        )


def _database(folder: Folder, found: Proposal) -> None:
    files = [one.file for one in folder.variables if one.name == "DATABASE_URL"]
    urls = sorted({one.url for one in folder.directories if _is_real(one)})
    if "" in files:  # the environment has it
        return
    if files:
        found.needed.append(
            f"initdb does not read DATABASE_URL from {files[0]}. To set it: set -a; . ./{files[0]}; set +a"
        )
    elif len(urls) == 1 and _is_plain(urls[0]):
        found.settings["database_url"] = urls[0]
    elif urls:
        found.needed.append(
            "The URL in alembic.ini is not copied, since it may hold a password. Set DATABASE_URL."
        )
    else:
        found.needed.append("No database is named. Set DATABASE_URL to the URL that the application uses.")


def _is_real(directory: Directory) -> bool:
    return "://" in directory.url and not any(mark in directory.url for mark in _PLACEHOLDERS)


def _is_plain(url: str) -> bool:
    """Whether a URL holds no password."""
    return scrub(url) == url == url_text(url)


def _choices(name: str, values: Iterator[str]) -> str:
    return "; or: ".join(f"initdb init --{name} {value}" for value in values)
