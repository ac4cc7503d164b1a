"""`flask initdb …`: the same commands, for the application that `flask` has loaded."""

from __future__ import annotations

import click
from flask.cli import ScriptInfo

from initdb.cli.calling.call import FLASK_KEY
from initdb.cli.root import make_group


@click.pass_context
def _bind(ctx: click.Context) -> None:
    info = ctx.ensure_object(ScriptInfo)
    ctx.meta[FLASK_KEY] = info.load_app


group = make_group()
group.callback = _bind
