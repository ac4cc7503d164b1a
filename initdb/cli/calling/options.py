"""Options that commands share: every setting, and what a command prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from initdb.cli.calling.call import FLAGS_KEY, SETTINGS_KEY
from initdb.errors.redact import holds_secret
from initdb.settings import SETTINGS, Setting
from initdb.settings.places import FILE, PLACE, PLACES
from initdb.settings.table import BY_NAME

Function = TypeVar("Function", bound=Callable[..., object])


class SettingOption(click.Option):
    """An option for a setting. Its text is checked later, together with the other settings."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete one of a few words, or a file."""
        kind = BY_NAME[self.name or ""].kind
        if kind in (FILE, PLACE, PLACES):
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(word) for word in kind.choices if word.startswith(incomplete)]


def setting_options(function: Function) -> Function:
    """Add one option for each setting. The values go to the settings of the call, not to the function."""
    for setting in reversed(SETTINGS):
        function = _option(setting)(function)
    return function


def setting_options_of(*names: str) -> Callable[[Function], Function]:
    """Add one option for each of some settings; see `setting_options`.

    Args:
        names: The names of the settings.
    """

    def add(function: Function) -> Function:
        for setting in reversed(SETTINGS):
            if setting.name in names:
                function = _option(setting)(function)
        return function

    return add


def output_options(function: Function) -> Function:
    """Add `--quiet`, `--json`, `--debug` and `--show-values`, to a command or to a group above it."""
    for name, text in reversed(_FLAGS.items()):
        option = f"--{name.replace('_', '-')}"
        function = click.option(
            option, name, is_flag=True, expose_value=False, callback=_keep_flag, help=text
        )(function)
    return function


def reason_option(function: Function) -> Function:
    """Add `--reason` to a command that is an order."""
    text = "Why you order it; the journal keeps it."
    return click.option("--reason", metavar="TEXT", callback=_safe, help=text)(function)


def archive_option(function: Function) -> Function:
    """Add `--archive` to a command that reads the whole history."""
    text = "Read the entries that were moved to this file too. May be repeated, the oldest file first."
    return click.option(
        "--archive", multiple=True, metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help=text
    )(function)


def _safe(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from initdb.errors.safe import safe_text

    return safe_text(value) or None if value is not None else None


_FLAGS = {
    "quiet": "Print only failures and warnings.",
    "json": "Print the result as JSON, for programs.",
    "debug": "Print where an internal error came through.",
    "show_values": "Print on stderr what errors leave out: the texts of the database, with values.",
}


def _option(setting: Setting) -> Callable[[Function], Function]:
    return click.option(
        setting.option,
        setting.name,
        cls=SettingOption,
        multiple=setting.many,
        metavar="|".join(setting.choices) or setting.kind.name.upper(),
        expose_value=False,
        callback=_keep_setting,
        help=setting.help,
    )


def _keep_setting(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and value != () and parameter.name:
        if not ctx.resilient_parsing:
            _warn_of_password(BY_NAME[parameter.name], value)
        ctx.meta[SETTINGS_KEY] = {**ctx.meta.get(SETTINGS_KEY, {}), parameter.name: value}


def _warn_of_password(setting: Setting, value: object) -> None:
    """Say on stderr that everybody on this machine can read a password that was typed as an option."""
    given = value if isinstance(value, tuple) else (value,)
    if setting.secret and any(map(holds_secret, given)):
        click.echo(
            f"warning: {setting.option} holds what may be a password, and each user of this machine can read "
            f"it in the list of processes. Use {setting.variable}, a settings file, or PGPASSFILE "
            "(PostgreSQL's file .pgpass) instead.",
            err=True,
        )


def keep_flag(ctx: click.Context, name: str) -> None:
    """Remember that an output option was given.

    Args:
        ctx: The context of a command, or of its group.
        name: quiet, json, debug or show_values.
    """
    ctx.meta[FLAGS_KEY] = ctx.meta.get(FLAGS_KEY, frozenset()) | {name}


def _keep_flag(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        keep_flag(ctx, parameter.name or "")
