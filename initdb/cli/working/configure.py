"""`initdb init`: proposes settings for the application in a folder, and writes them."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from initdb.cli.discovery.commands import typed
from initdb.cli.discovery.draft import Draft, draft_boot, draft_settings
from initdb.cli.discovery.folder import Folder
from initdb.cli.discovery.look import look_from
from initdb.cli.discovery.proposal import ORDER, Proposal, propose
from initdb.cli.discovery.reading import Contents
from initdb.cli.discovery.toml_text import written
from initdb.errors import InitError
from initdb.errors.redact import scrub, url_text
from initdb.settings import SETTINGS, Settings, load_settings

_FILES = ("pyproject.toml", "initdb.toml")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `initdb init` found and proposes.

    Attributes:
        folder: What is in the folder of the application.
        settings: The settings that are in force, without those that are proposed.
        values: Name → value of what is to be written.
        proposal: What a person has to decide or to do besides.
        draft: The settings file; None if there is nothing to write.
        boot: The line for the application: in words, and as a draft.
        next: The command to type next.
    """

    folder: Folder
    settings: Settings
    values: Mapping[str, str | tuple[str, ...]]
    proposal: Proposal
    draft: Draft | None
    boot: tuple[str, Draft | None] | None
    next: str


def configure(given: Mapping[str, object], *, by_flask: bool) -> Configuration:
    """Look into the folder of the application, and propose the settings that it lacks.

    Args:
        given: The settings that were given as options.
        by_flask: Whether `flask initdb` was called.

    Raises:
        InitError: A setting is wrong; a file cannot be read, or takes no more settings;
            application-not-found.
        click.UsageError: An option cannot be written.
    """
    load_settings(options=given)  # refuses what is wrong
    settings, here = load_settings(), Path.cwd()
    contents, folder = look_from(here, settings, os.environ)
    root, present = folder.path, _present(settings)
    named = _given(given, present, here, root)
    proposal = propose(folder, {*present, *named})
    values = {name: value for name in ORDER if (value := named.get(name) or proposal.settings.get(name))}
    if not values and not proposal.undecided and not present & {*ORDER} - {"application", "database_url"}:
        raise _nothing(folder)
    draft = _draft(settings, root, values)
    app = settings.app or str(values.get("app", ""))
    command = (
        "initdb plan"
        if by_flask
        else typed("plan", folder, {"app": app} if app else {}, str(here), done=True)
    )
    return Configuration(folder, settings, values, proposal, draft, _boot(folder, contents, app), command)


def write(draft: Draft) -> None:
    """Write a draft, unless the file was changed since it was read.

    Args:
        draft: The draft.

    Raises:
        InitError: settings-file-unwritable.
    """
    path = draft.path.resolve()
    try:
        if draft.before is None:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(draft.after)
        elif path.read_bytes().decode(errors="replace") != draft.before:
            fix = "Look at the proposal for the file as it is now: initdb init"
            raise InitError("settings-file-unwritable", f"{path} was changed meanwhile", fix=fix)
        else:
            _replace(path, draft.after)
    except OSError as error:
        raise InitError("settings-file-unwritable", f"{path}: {error.strerror}") from error


def _replace(path: Path, text: str) -> None:
    """Replace a file in one go: who reads it meanwhile, or after a crash, has the old text or the new one."""
    mode = path.stat().st_mode
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _present(settings: Settings) -> set[str]:
    """The names of the settings that a file or the environment sets."""
    return {one.name for one in SETTINGS if getattr(settings, one.name) != one.default}


def _given(
    given: Mapping[str, object], present: set[str], here: Path, root: Path
) -> dict[str, str | tuple[str, ...]]:
    """The options, to be written; none that is set already."""
    found: dict[str, str | tuple[str, ...]] = {}
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if name in present:
            raise click.UsageError(f"{option}: {name} is set already, and initdb overwrites nothing")
        if here != root:
            raise click.UsageError(f"{option}: call it where the settings are: cd {root}")
        text = str(value)
        if name == "database_url" and not scrub(text) == text == url_text(text):
            raise click.UsageError(
                f"{option}: a password does not belong into a file; set DATABASE_URL instead"
            )
        found[name] = tuple(map(str, value)) if isinstance(value, tuple) else text
    return found


def _nothing(folder: Folder) -> InitError:
    signs = folder.signs()
    named = "Name its parts, for example: initdb init --metadata shop.models:Base --migrations migrations"
    if folder.elsewhere:
        named = f"Call it where the application is: cd {shlex.quote(folder.elsewhere[0])} && initdb init"
    looked = f"Looked in {folder.path}" + (", and found:" if signs else "")
    return InitError("application-not-found", looked, *signs, *folder.wrong, fix=named if signs else None)


def _draft(settings: Settings, root: Path, values: Mapping[str, str | tuple[str, ...]]) -> Draft | None:
    if not values:
        return None
    shared, own = (root / name for name in _FILES)
    path = Path(settings.sources[0]) if settings.sources else shared if shared.is_file() else own
    draft = draft_settings(path, path.read_bytes() if path.is_file() else None, values)
    if draft is None:
        lines = (f"{name} = {written(value)}" for name, value in values.items())
        said = f"{path}: tool.initdb is no table of its own. These settings are proposed:"
        fix = "Write it as a table [tool.initdb] with these lines in it, then: initdb init"
        raise InitError("settings-file-unwritable", said, *lines, fix=fix)
    return draft


def _boot(folder: Folder, contents: Contents, app: str) -> tuple[str, Draft | None] | None:
    return draft_boot(folder, contents.python, app) if app else None
