"""`initdb alembic`: Alembic's own commands, for a directory of which no alembic.ini knows."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import setting_options
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target


@click.command("alembic", cls=Command, context_settings={"allow_interspersed_args": False})
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@setting_options
@pass_call
def alembic(call: Call, words: tuple[str, ...]) -> int:
    """Call a command of Alembic for the directory that initdb works with.

    Options of initdb come before the COMMAND. It needs no alembic.ini, and works where the revisions have a
    mistake: heads, history, merge, show. Those that change the database are left to run, rollback and
    resume --mark-applied; with --sql they only print.
    """
    target = find_target(call)
    from initdb.errors.translated import translated
    from initdb.steps.alembic_driver.command_line import WRITES, call_alembic
    from initdb.steps.application.configured import config_provider
    from initdb.steps.env_py.failure import env_failure

    if words[0] in WRITES and "--sql" not in words:
        instead = {"downgrade": "initdb rollback", "stamp": "initdb resume --mark-applied REV"}
        said = f"alembic {words[0]} would leave nothing in the journal; use: "
        raise click.UsageError(f"{said}{instead.get(words[0], 'initdb run')}")
    engine = make_reading_engine(call, target)
    provider = config_provider(target.settings, engine)
    with translated(lambda error: env_failure(error, engine.dialect.name)):
        call_alembic(provider, words, "initdb alembic")
    return 0
