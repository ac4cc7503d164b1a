"""`flask initdb …`: the same commands, for the application that `flask` has loaded."""

from __future__ import annotations

import click
from flask.cli import NoAppException, ScriptInfo

from initdb.cli.root import make_group
from initdb.errors import InitError
from initdb.loading.foreign_code import foreign_code


def _load(ctx: click.Context) -> object:
    """Load the application as `flask` does.

    Raises:
        InitError: bad-app; or an InitError of the application's code.
    """
    fix = "Correct the application, or name another one in FLASK_APP, then: initdb run"
    with foreign_code("bad-app", "it raised", fix=fix):
        try:
            return ctx.ensure_object(ScriptInfo).load_app()
        except NoAppException as error:
            within = error.__context__
            if isinstance(within, ImportError) and within.__traceback__ and within.__traceback__.tb_next:
                raise within from None  # Flask quotes its whole traceback
            raise InitError("bad-app", *error.format_message().split("\n"), fix=fix) from error


group = make_group(_load)
