"""What a command assumes if nothing is configured: the identity schema, but not beside an application."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from initdb.cli.calling.call import Call
from initdb.errors import InitError
from initdb.settings import Settings

if TYPE_CHECKING:
    from initdb.cli.discovery.folder import Folder

DEFAULT_URL = "sqlite:///initdb.db"


def assume(call: Call, settings: Settings, *, journal_only: bool = False) -> tuple[Settings, tuple[str, ...]]:
    """The settings of the built-in identity schema, for a folder that holds nothing.

    Without a URL the database is a SQLite file in the working directory.

    Args:
        call: The call of the command.
        settings: Its settings. They name no part of an application.
        journal_only: Whether the command needs the database alone.

    Returns:
        The settings, and what was assumed, as lines for people.

    Raises:
        InitError: schema-not-named, or database-url-missing for the journal alone; something in the folder,
            or a variable, is part of an application.
    """
    has_url = settings.database_url is not None or settings.work_url is not None
    _refuse_an_application(call, settings, has_url=has_url, journal_only=journal_only)
    lines = []
    if not has_url:
        settings = replace(settings, database_url=DEFAULT_URL)
        place = Path(DEFAULT_URL.partition(":///")[2]).absolute()
        lines.append(f"database: {DEFAULT_URL} ({place}); to name another: --database-url or DATABASE_URL")
    lines.append(
        "schema: the built-in identity schema (tenants, users, roles, permissions), since no application,"
        " models, migrations or seeds are named, and there are none in this folder"
    )
    lines.append(f"administrator: {_password(settings)}")
    return replace(settings, schema_from="identity"), tuple(lines)


def _refuse_an_application(call: Call, settings: Settings, *, has_url: bool, journal_only: bool) -> None:
    from initdb.cli.discovery.look import look_from

    _, folder = look_from(Path.cwd(), settings, os.environ)
    if not folder.signs():
        return
    lines = (
        f"In {folder.path} there is something of an application, so nothing is assumed:",
        *folder.signs(),
    )
    fix = _fix(call.name, folder, has_url=has_url)
    if journal_only:
        fix = fix or f"Set DATABASE_URL to the database of the application, then: initdb {call.name}"
        raise InitError("database-url-missing", *lines, fix=fix)
    raise InitError("schema-not-named", *lines, fix=fix or _by_hand(call.name, has_url=has_url))


def _fix(name: str, folder: Folder, *, has_url: bool) -> str | None:
    """The commands that name the application; None if it is not known well enough."""
    from initdb.cli.discovery.commands import typed
    from initdb.cli.discovery.proposal import propose

    here = str(Path.cwd())
    proposal = propose(folder, {"database_url"} if has_url else ())
    init = typed("init", folder, {}, here)
    if proposal.is_complete and name != "alembic":  # whose options stand before what it is to do
        once = typed(name, folder, proposal.settings, here)
        return f"Write the settings: {init}. Or for this call only: {once}"
    if proposal.settings or proposal.undecided or proposal.needed:
        return f"See what is proposed, and what you have to decide: {init}"
    if folder.elsewhere:
        return f"Call it where the application is: cd {shlex.quote(folder.elsewhere[0])} && initdb {name}"
    return f"Let Flask find the application: flask initdb {name}" if folder.flask_app else None


def _by_hand(name: str, *, has_url: bool) -> str:
    url = "" if has_url else f" --database-url {DEFAULT_URL}"
    return (
        "Name its models or revisions, with --app, --metadata or --migrations. Or, for the built-in identity"
        f" schema: initdb {name} --schema-from identity{url}"
    )


def _password(settings: Settings) -> str:
    if os.environ.get("INITDB_ADMIN_PASSWORD"):
        return "user admin, with the password in INITDB_ADMIN_PASSWORD"
    if settings.admin_password_file is not None:
        return f"user admin, with the password in {settings.admin_password_file}"
    return (
        "user admin, with a generated password that is shown once on this terminal; without a terminal the"
        " account is locked until: initdb admin set-password"
    )
