"""`initdb journal checkpoint`: says where the journal ends, in one line to be kept elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import make_reading_engine
from initdb.cli.opening.target import find_target
from initdb.errors import InitError


@click.command("checkpoint", cls=Command)
@click.option(
    "--new-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Only make a key: the private one in FILE, which must not exist; the public one is printed.",
)
@click.option("--public-key", "public", is_flag=True, help="Only print the public key of checkpoint_key.")
@output_options
@setting_options
@pass_call
def checkpoint(call: Call, new_key: Path | None, public: bool) -> int:
    """Print where the journal ends: its id, the number and the hash of its last entry, and the time.

    Keep the line where the owner of the database cannot write. With it `initdb journal verify --checkpoint`
    finds whether the end of the journal was cut off since, or the journal was built anew. It only reads the
    database.

    The line also goes to the logger initdb.checkpoint, and to the places that checkpoint_file and
    checkpoint_command name. With checkpoint_when = "ready" each run that makes the database ready does the
    same. If checkpoint_key names a key, the line is signed by Ed25519.

    \b
    A key, and how it is used:
      pip install 'initdb-journal[signing]'
      initdb journal checkpoint --new-key checkpoint.pem > checkpoint.pub
      initdb journal checkpoint --checkpoint-key checkpoint.pem >> /mnt/other/checkpoints
      initdb journal verify --checkpoint /mnt/other/checkpoints --public-key checkpoint.pub
    """
    if new_key is not None:
        from initdb.events.signing import make_key

        return _print_key(call, make_key(new_key), new_key)
    target = find_target(call, journal_only=True)
    settings = target.settings
    if public:
        from initdb.events.signing import public_key_of

        if settings.checkpoint_key is None:
            raise InitError("checkpoint-key-unusable", "The setting checkpoint_key names no file.")
        return _print_key(call, public_key_of(settings.checkpoint_key), settings.checkpoint_key)
    engine = make_reading_engine(call, target)
    from initdb.cli.entries.reading import is_there
    from initdb.cli.working.checkpoint import checkpointed
    from initdb.errors.redact import url_text

    if not is_there(engine):
        raise InitError("journal-missing", url_text(engine.url), database=engine.dialect.name)
    return checkpointed(call, engine, settings)


def _print_key(call: Call, pem: str, file: Path) -> int:
    if call.screen.as_json:
        call.screen.emit(
            {
                "command": call.name,
                "exit_code": 0,
                "outcome": "key",
                "public_key": pem,
                "file": str(file),
            }
        )
    else:
        call.screen.print(pem.rstrip("\n"))
    return 0
