"""`initdb init`: proposes settings for the application in this folder, and writes them."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace

import click

from initdb.cli.calling.call import Call
from initdb.cli.calling.command import Command, pass_call
from initdb.cli.calling.options import output_options, setting_options_of
from initdb.cli.discovery.draft import Draft
from initdb.cli.discovery.proposal import ORDER
from initdb.cli.output.screen import Screen
from initdb.cli.working.configure import Configuration, configure, write
from initdb.errors.faces import as_typed, speaking

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@click.command("init", cls=Command)
@click.option("--yes", is_flag=True, help="Write the settings without asking.")
@output_options
@setting_options_of(*ORDER)
@pass_call
def init(call: Call, yes: bool) -> int:
    """Propose settings for the application in this folder, and write them.

    It reads files, and imports nothing of the application: it looks for a Flask application, models, an
    Alembic or Flask-Migrate directory, and settings. The proposal is a diff of pyproject.toml, or of
    initdb.toml where there is no pyproject.toml. On a terminal it asks before it writes; elsewhere it writes
    with --yes only, and exits with 3 if there is something to write. What is set stays as it is.
    """
    found = configure(call.settings, by_flask=call.flask is not None)
    with speaking(replace(call.face, settings=())):  # what was given is in the file, or in none
        return _proposed(call, found, assured=yes)


def _proposed(call: Call, found: Configuration, *, assured: bool) -> int:
    """Show what was found, and write what is proposed if somebody says so. Returns the exit code."""
    say = call.screen.say
    say(("in ", "dim"), str(found.folder.path))
    for line in found.folder.signs():
        say("  ", line)
    for line in found.folder.wrong:
        call.screen.warn(f"warning: {line}")
    if found.draft is not None:
        _show(call.screen, found.draft, found)
    written = found.draft is not None and _write(call, found.draft, assured=assured)
    is_open = bool(found.draft and not written) or bool(found.proposal.undecided)
    _conclude(call, found, written=written)
    call.screen.emit(_data(call, found, written=written, code=3 if is_open else 0))
    return 3 if is_open else 0


def _write(call: Call, draft: Draft, *, assured: bool) -> bool:
    """Write the draft if somebody says so."""
    if not assured:
        if call.screen.as_json or not sys.stdin.isatty():
            options = "".join(f" {option} {shlex.quote(text)}" for option, text in call.face.settings)
            call.screen.say(f"nothing was written; to write it: initdb init --yes{options}")
            return False
        if not click.confirm(f"Write this to {draft.path}?", err=True):
            call.screen.warn("nothing was written")
            raise click.exceptions.Exit(1)
    write(draft)
    call.screen.say(("wrote ", "bold green"), str(draft.path))
    return True


def _conclude(call: Call, found: Configuration, *, written: bool) -> None:
    say = call.screen.say
    if found.draft is None and not found.proposal.undecided:
        say(("nothing is to do", "bold green"), f": the settings are in {', '.join(found.settings.sources)}")
    if found.boot is not None:
        words, draft = found.boot
        say(words)
        if draft is not None:
            _show(call.screen, draft, found)
    for line in found.proposal.undecided:
        say(("to decide: ", "yellow"), line)
    for line in _needed(found):
        say(("to do: ", "yellow"), line)
    if not found.proposal.undecided and (written or found.draft is None):
        say(("next: ", "bold"), found.next)


def _needed(found: Configuration) -> list[str]:
    """What a person has to do besides, as lines."""
    return [*map(str, found.folder.rivals), *found.proposal.needed]


def _show(screen: Screen, draft: Draft, found: Configuration) -> None:
    for line in draft.diff(found.folder.path).splitlines():
        screen.say((line, _STYLES.get(line[:1], "")))


def _data(call: Call, found: Configuration, *, written: bool, code: int) -> dict[str, object]:
    folder = found.folder.path
    boot = found.boot[1] if found.boot else None
    return {
        "command": call.name,
        "exit_code": code,
        "folder": str(folder),
        "found": list(found.folder.signs()),
        "warnings": list(found.folder.wrong),
        "settings": dict(found.values),
        "file": str(found.draft.path) if found.draft else None,
        "diff": found.draft.diff(folder) if found.draft else None,
        "written": written,
        "boot": boot.diff(folder) if boot else None,
        "undecided": found.proposal.undecided,
        "needed": _needed(found),
        "next": as_typed(found.next),
    }
