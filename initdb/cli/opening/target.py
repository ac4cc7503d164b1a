"""What a command works on, by its settings, and what it assumes if there are none."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from initdb.cli.calling.call import Call
from initdb.settings import Settings, load_settings

DEFAULT_URL = "sqlite:///initdb.db"
_WHAT = ("app", "metadata", "migrations", "seeds", "base")


@dataclass(frozen=True, slots=True)
class Target:
    """The settings of a call.

    Attributes:
        settings: The settings.
        assumed: What was assumed because nothing was configured, as lines for people.
    """

    settings: Settings
    assumed: tuple[str, ...] = ()


def find_target(call: Call) -> Target:
    """Load the settings of a call.

    If nothing at all is configured, they name a SQLite file in the working directory, and the built-in
    identity schema. If models, revisions, seeds or an application are configured, but no database, none is
    assumed.

    Args:
        call: The call of the command.

    Raises:
        InitError: A setting is wrong, or a file cannot be read.
    """
    settings = load_settings(options=call.settings)
    named = call.flask is not None or any(getattr(settings, name) for name in _WHAT)
    assumed = []
    if not named and settings.database_url is None and settings.work_url is None:
        settings = replace(settings, database_url=DEFAULT_URL)
        place = Path(DEFAULT_URL.partition(":///")[2]).absolute()
        assumed.append(f"database: {DEFAULT_URL} ({place}); to name another: --database-url or DATABASE_URL")
    if not named:
        assumed.append(
            "schema: the built-in identity schema (tenants, users, roles, permissions), since no application,"
            " models, migrations or seeds are named"
        )
        assumed.append(f"administrator: {_password(settings)}")
    return Target(settings, tuple(assumed))


def _password(settings: Settings) -> str:
    if os.environ.get("INITDB_ADMIN_PASSWORD"):
        return "user admin, with the password in INITDB_ADMIN_PASSWORD"
    if settings.admin_password_file is not None:
        return f"user admin, with the password in {settings.admin_password_file}"
    return (
        "user admin, with a generated password that is shown once on this terminal; without a terminal the"
        " account is locked until: initdb admin set-password"
    )
