"""Examines what checkpoints of the journal need: a key that signs, and places that take the line."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator

from initdb.doctor.finding import Finding, ok, warning
from initdb.errors import InitError
from initdb.events.signing import public_key_of
from initdb.settings import Settings


def examine_checkpoints(settings: Settings) -> Iterator[Finding]:
    """The findings about checkpoints; none if the settings do not mention them.

    Args:
        settings: The settings.
    """
    key, file, command = settings.checkpoint_key, settings.checkpoint_file, settings.checkpoint_command
    if key is not None:
        try:
            public_key_of(key)
            yield ok("settings", f"checkpoint_key can sign: {key}.")
        except InitError as error:
            said = error.rendered()
            yield warning("settings", f"checkpoint_key cannot sign: {'; '.join(said.context)}", said.fix)
    if file is not None:
        place = file if file.exists() else file.parent
        if file.is_symlink() or not place.exists() or not os.access(place, os.W_OK):
            why = "it is a link" if file.is_symlink() else "this user cannot write there"
            yield warning(
                "settings",
                f"checkpoint_file cannot be appended to: {file}: {why}.",
                f"mkdir -p {shlex.quote(str(file.parent))}, or name another file in checkpoint_file",
            )
    if command is not None and shutil.which(shlex.split(command)[0]) is None:
        name = shlex.split(command)[0]
        yield warning(
            "settings",
            f"checkpoint_command: there is no program {name} in PATH.",
            f"Install {name} here, or name another program in checkpoint_command",
        )
    if settings.checkpoint_when == "ready" and file is None and command is None:
        yield warning(
            "settings",
            'checkpoint_when is "ready", and only the logger initdb.checkpoint takes the line.',
            'Name a place, such as: checkpoint_file = "/var/log/shop.checkpoints"',
        )
