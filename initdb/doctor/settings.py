"""Judges the settings: where each value comes from, which one hides another, what contradicts itself."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from initdb.doctor.finding import Finding, ok, problem, warning
from initdb.errors.redact import scrub, url_text
from initdb.settings import SETTINGS, Origin, Settings

_SECRET = frozenset(setting.name for setting in SETTINGS if setting.secret)
_PASSWORD = re.compile(r"://[^/?#@]*:[^@]+@|[?&](?:ssl)?password=")
"""A password in a URL."""

_OTHERS = stat.S_IROTH | stat.S_IRGRP


@dataclass(frozen=True, slots=True)
class Given:
    """The settings, and what is around them.

    Attributes:
        settings: The settings.
        typed: The names of those that were given as options of this command.
        environ: The variables that settings can be read from, also those that were not read.
        modes: File → its mode, of the settings files and of the file of the administrator's password; None if
            there is no such file.
        by_application: Whether the application has chosen the database.
    """

    settings: Settings
    typed: frozenset[str] = frozenset()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    modes: Mapping[Path, int | None] = field(default_factory=dict)
    by_application: bool = False


def gather_settings(
    settings: Settings, typed: Mapping[str, object], environ: Mapping[str, str], *, by_application: bool
) -> Given:
    """Gather it.

    Args:
        settings: The settings.
        typed: The options of this command.
        environ: The environment.
        by_application: Whether the application has chosen the database.
    """
    names = {name for one in SETTINGS for name in (one.variable, *one.other_variables)}
    files = [*map(Path, settings.sources), *filter(None, (settings.admin_password_file,))]
    return Given(
        settings,
        frozenset(typed),
        {name: value for name, value in environ.items() if name in names and value.strip()},
        {file: file.stat().st_mode if file.exists() else None for file in files},
        by_application,
    )


def judge_settings(given: Given) -> Iterator[Finding]:
    """The findings about the settings. Pure."""
    for name in dict.fromkeys(origin.name for origin in given.settings.origins):
        values = [origin for origin in given.settings.origins if origin.name == name]
        if name == "database_url" and given.by_application:
            yield ok("settings", f"database_url is the application's own: {_shown(values[-1])}.")
            yield from _ignored_url(given, values[-1])
        else:
            yield ok("settings", f"{name} = {_shown(values[-1])}, from {_where(values[-1], given)}.")
            yield from _hidden(values, given)
    if not given.settings.origins:
        yield ok("settings", "Nothing is set: all settings have their defaults.")
    if not given.by_application:
        yield from _second_url(given)
    yield from _contradictions(given.settings)
    yield from _files(given)


def _where(origin: Origin, given: Given) -> str:
    if origin.written.startswith("--"):
        return "this command" if origin.name in given.typed else "the application"
    return f"{origin.written}{origin.place}".removeprefix(f"{origin.name} in ")


def _shown(origin: Origin) -> str:
    """A value without a password."""
    values = origin.value if isinstance(origin.value, tuple) else (origin.value,)
    return ", ".join(url_text(str(one)) if origin.name in _SECRET else scrub(str(one)) for one in values)


def _hidden(values: list[Origin], given: Given) -> Iterator[Finding]:
    """Values of the same setting that do not count. Options of this command were typed on purpose."""
    winner = values[-1]
    if winner.name in given.typed:
        return
    for other in values[:-1]:
        if other.value != winner.value:
            yield warning(
                "settings",
                f"{winner.name}: {_where(winner, given)} hides {_shown(other)} in {_where(other, given)}.",
                f"If that is not meant: unset {winner.written}"
                if not winner.place
                else f"Remove one of the two, in {_where(other, given)} or in {_where(winner, given)}",
            )


def _second_url(given: Given) -> Iterator[Finding]:
    """DATABASE_URL is read only if nothing stronger is given."""
    ours, theirs = (given.environ.get(name) for name in ("INITDB_DATABASE_URL", "DATABASE_URL"))
    if ours and theirs and ours != theirs and "database_url" not in given.typed:
        said = f"INITDB_DATABASE_URL ({url_text(ours)}) hides DATABASE_URL ({url_text(theirs)})."
        yield warning("settings", said, "If that is not meant: unset INITDB_DATABASE_URL")


def _ignored_url(given: Given, own: Origin) -> Iterator[Finding]:
    """The application's own URL counts; a variable that says something else is not read."""
    for name in ("INITDB_DATABASE_URL", "DATABASE_URL"):
        said = given.environ.get(name)
        if said and "database_url" not in given.typed and _target(said) != _target(str(own.value)):
            yield warning(
                "settings",
                f"{name} ({url_text(said)}) is not read: the application connects to {_shown(own)}.",
                f"If that is not meant, let the application read it; else: unset {name}",
            )


def _target(url: str) -> str:
    """What a URL leads to, without the driver and the user."""
    return url.partition("://")[2].rpartition("@")[2]


def _contradictions(settings: Settings) -> Iterator[Finding]:
    first, work = settings.database_url, settings.work_url
    if first and work and _target(first) != _target(work):
        yield problem(
            "settings",
            f"work_url ({url_text(work)}) leads to another database than database_url ({url_text(first)}).",
            f"Let both name the same database: work_url is set in {_place(settings, 'work_url')}",
        )
    if settings.mode in ("off", "check"):
        what = "does nothing" if settings.mode == "off" else "only checks"
        yield warning(
            "settings",
            f"mode = {settings.mode}: a boot {what}, so something else has to make the database ready.",
            f"Call initdb run in a job, or remove mode where it is set ({_place(settings, 'mode')})",
        )


def _place(settings: Settings, name: str) -> str:
    last = [origin for origin in settings.origins if origin.name == name][-1]
    return f"{last.written}{last.place}".removeprefix(f"{name} in ")


def _files(given: Given) -> Iterator[Finding]:
    for file, mode in given.modes.items():
        if mode is None:
            yield problem(
                "settings",
                f"admin_password_file names {file}, which does not exist.",
                f"Write the password into it: install -m 600 /dev/stdin {file}",
            )
        elif mode & _OTHERS and (str(file) not in given.settings.sources or _has_password(file, given)):
            yield warning(
                "settings",
                f"{file} has a password in it, and other users can read it.",
                f"chmod 600 {file}",
            )


def _has_password(file: Path, given: Given) -> bool:
    inside = (one for one in given.settings.origins if one.place == f" in {file}" and one.name in _SECRET)
    texts = (str(one) for origin in inside for one in _values(origin))
    return any(_PASSWORD.search(text) for text in texts)


def _values(origin: Origin) -> tuple[object, ...]:
    return origin.value if isinstance(origin.value, tuple) else (origin.value,)
