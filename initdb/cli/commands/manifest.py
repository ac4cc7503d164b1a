"""`initdb manifest`: writes the hashes of all that a run executes, signed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options
from initdb.cli.opening.opened import opened_each
from initdb.cli.opening.target import Target, find_target
from initdb.errors import InitError


@click.command("manifest", cls=Command)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--sign-with",
    "key",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="Sign it with the private key in this file, as initdb journal checkpoint --new-key makes one.",
)
@output_options
@setting_options
@pass_call
def manifest(call: Call, file: Path | None, key: Path | None) -> int:
    """Write the hashes of env.py, of all revisions and of all seeds, to FILE or to stdout.

    It is JSON, one line for each, sorted; the last line is the signature. Where the setting require_manifest
    names the file, and manifest_public_key the public key, nothing runs whose hash is not in it.

    It does not connect to a database, unless env.py chooses the folders of the revisions.

    \b
    Where the application is built:
      initdb journal checkpoint --new-key manifest.pem > manifest.pub
      initdb manifest manifest.jsonl --sign-with manifest.pem
    """
    target = find_target(call)
    from initdb.steps.survey.manifest import text_of

    # It must be possible to write a new one where the files are not in the old one.
    free = Target(replace(target.settings, require_manifest=None), target.assumed)
    with opened_each(call, free) as initializers:
        for initializer in initializers:
            initializer.site.ask_env_py()
        text = text_of([one.site.application for one in initializers], key)
    number = text.count("\n") - 1 - (key is not None)
    if file is None:
        call.screen.print(text.rstrip("\n"))
        return 0
    try:
        file.write_text(text, encoding="ascii")
    except OSError as error:
        raise InitError("export-refused", f"{file}: {error.strerror}") from error
    call.screen.say(("written", "bold green"), f": {number} hashes to {file}")
    call.screen.emit(
        {"command": call.name, "outcome": "written", "exit_code": 0, "file": str(file), "hashes": number}
    )
    return 0
