"""`initdb completion`: the script that teaches a shell to complete commands, options and values."""

from __future__ import annotations

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options
from initdb.cli.completing.scripts import SCRIPTS, script


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
@output_options
@pass_call
def completion(call: Call, shell: str) -> None:
    """Print the script with which a shell completes commands, options and values.

    To load it at each start: echo 'eval "$(initdb completion bash)"' >> ~/.bashrc, or with zsh in ~/.zshrc
    (after compinit). For fish: initdb completion fish > ~/.config/fish/completions/initdb.fish

    Values are revisions, runs, errors and words of settings. To complete them, no application is imported and
    no database is changed. `flask initdb completion` prints the script for flask.
    """
    text = script(shell, "flask" if call.flask else "initdb")
    call.screen.emit({"command": call.name, "exit_code": 0, "script": text})
    if not call.screen.as_json:
        call.screen.print(text.rstrip("\n"))
