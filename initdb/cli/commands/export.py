"""`initdb journal export`: writes every entry of the journal as a line of JSON."""

from __future__ import annotations

from pathlib import Path

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target
from initdb.errors import InitError


@click.command("export", cls=Command)
@click.argument(
    "to", metavar="[FILE]", default="-", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False)
)
@click.option("--verifier", is_flag=True, help="Print the program that verifies an export, and nothing else.")
@output_options
@setting_options
@pass_call
def export(call: Call, to: Path, verifier: bool) -> int:
    """Write the journal to FILE, or to stdout: each entry is a line of JSON, as it is stored.

    It only reads, and needs the database alone. Entries that are appended meanwhile are written too. The file
    is readable by its owner only. Nothing in it is overwritten: an older export of the same journal gets the
    entries that it lacks, anything else is refused. docs/leaving.md has the format.

    \b
    Whoever has the file can verify it without initdb and without the database:
      initdb journal export --verifier > verify_export.py
      python3 verify_export.py FILE

    On stdout there is nothing but the entries, also with --json. If stdout cannot take all of them, the exit
    code is 1.
    """
    from initdb.cli.working.export import Export, program

    if verifier:
        if str(to) != "-":
            raise click.UsageError("--verifier takes no file: initdb journal export --verifier > FILE")
        call.screen.print(program().rstrip("\n"))
        return 0
    target = find_target(call, journal_only=True)
    engine = make_reading_engine(call, target)
    from initdb.cli.entries.reading import is_there
    from initdb.errors.redact import url_text

    if not is_there(engine):
        raise InitError("journal-missing", url_text(engine.url), database=engine.dialect.name)
    return Export(call, engine, target.settings).perform(None if str(to) == "-" else to)
