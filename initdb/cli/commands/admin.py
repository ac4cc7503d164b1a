"""`initdb admin set-password`: gives a user of the built-in identity schema a password."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, CommandGroup, pass_call
from initdb.cli.calling.options import output_options, reason_option, setting_options
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target

if TYPE_CHECKING:
    from initdb.settings import Settings


@click.group("admin", cls=CommandGroup)
def admin() -> None:
    """Administer the users of the built-in identity schema."""


@admin.command("set-password", cls=Command)
@click.argument("username", default="admin")
@reason_option
@output_options
@setting_options
@pass_call
def set_password(call: Call, username: str, reason: str | None) -> int:
    """Give USERNAME (default: admin) a password, and unlock the account.

    The password comes from INITDB_ADMIN_PASSWORD or --admin-password-file. Without them it is asked for twice
    on the terminal, or read from the first line of standard input.

    The journal gets an event with the user, the reason, and who did it; neither the password nor its hash.
    """
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    from initdb.statemachine.decide.order_rules import permit_early

    permit_early(("set-password",), reason, target.settings)
    password = _password(target.settings, username)
    from sqlalchemy.exc import DBAPIError

    from initdb.cli.entries.reading import is_there
    from initdb.errors import InitError
    from initdb.errors.classify import is_missing_table
    from initdb.errors.redact import url_text
    from initdb.events.payloads.notes import PasswordSet
    from initdb.statemachine.noting import noted
    from initdb.steps.connect import reading
    from initdb.steps.identity.admin import set_password as change

    nothing = InitError(
        "identity-incomplete",
        f"{url_text(engine.url)} has no table of users, or no journal",
        fix="Create the identity schema first: initdb run --schema-from identity",
        database=engine.dialect.name,
    )
    if not is_there(engine):
        raise nothing
    must = target.settings.admin_password_must_change
    with reading(engine):
        try:
            given = noted(engine, target.settings, ("set-password",), reason)
            with given as (connection, commit):
                change(connection, username, password, must_change=must)
                commit(PasswordSet(username=username.lower(), must_change=must, reason=reason))
        except InitError as error:
            raise nothing if error.reference == "journal-missing" else error from error
        except DBAPIError as error:
            if is_missing_table(error):
                raise nothing from error
            raise
    call.screen.say(("done", "bold green"), f": the user {username} has a new password and is not locked")
    call.screen.emit({"command": call.name, "exit_code": 0, "username": username})
    return 0


def _password(settings: Settings, username: str) -> str:
    """The new password.

    Raises:
        InitError: admin-password-unreadable, admin-password-weak.
    """
    from initdb.steps.identity.password import VARIABLE, obtain_password

    if os.environ.get(VARIABLE) or settings.admin_password_file is not None:
        given = obtain_password(os.environ, settings.admin_password_file, terminal=False).value
        return given or ""
    if sys.stdin.isatty():
        asked: str = click.prompt(
            f"New password of {username}", hide_input=True, confirmation_prompt=True, err=True
        )
        return asked
    return sys.stdin.readline().rstrip("\n")
