"""How commands are typed where this one was: the program, its options, and the settings that were given."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from initdb.errors.faces import Face
from initdb.errors.redact import MARK, url_text
from initdb.errors.safe import safe_text
from initdb.settings import SETTINGS

_HOW = frozenset(
    {"attempts", "batch_size", "lock_timeout", "mode", "on_failure", "wait_limit", "when_ahead", "when_held"}
)
"""Settings that say how a command works. The others name what it works on, so the next one needs them too."""

_WITH_VALUE = ("-A", "--app", "-e", "--env-file")
"""The options of `flask` that a value follows."""


def face_of(settings: Mapping[str, object], *, flask: bool) -> Face:
    """The face of a command.

    Args:
        settings: Name of a setting → the text, or texts, that were given as option.
        flask: Whether `flask initdb` was called.
    """
    by_flask = flask_program() if flask else None
    ours = f"{by_flask} initdb" if by_flask else program("initdb")
    repeated = tuple(_repeated(settings))
    options = "".join(f" {option} {shlex.quote(text)}" for option, text in repeated)

    def alembic() -> str:
        from initdb.cli.calling.alembic import alembic_of

        typed = alembic_of(settings, by_flask, f"{ours} alembic{options}")
        return re.sub(r"(?:(?<=&& )|^)alembic(?= )", lambda _: _alembic_beside(ours), typed)

    return Face(f"{ours} {{}}", alembic, repeated)


def _alembic_beside(typed: str) -> str:
    """How Alembic's program of the same environment is typed: with its folder, where ours is."""
    first = shlex.split(typed)[0]
    path = Path(first).with_name("alembic")
    return shlex.quote(str(path)) if os.sep in first and path.exists() else "alembic"


def program(name: str) -> str:
    """How a program is typed: by its name if PATH leads to the one that runs, else as it was.

    Args:
        name: The name of the program and of its package.
    """
    first, begun = sys.argv[0], sys.orig_argv
    if Path(first).name == "__main__.py" and begun[1:3] == ["-m", name]:
        return f"{shlex.quote(begun[0])} -m {name}"
    if Path(first).name != name or os.sep not in first:
        return name
    found = shutil.which(name)
    same = found is not None and Path(first).exists() and Path(found).samefile(first)
    return name if same else shlex.quote(first)


def flask_program(words: Sequence[str] | None = None) -> str:
    """How `flask` is typed, with the options that were given before the command.

    Args:
        words: The command line; by default that of this process.
    """
    words = sys.argv if words is None else words
    given = list(words[1:])
    before: list[str] = []
    while given and given[0].startswith("-"):
        before += [given.pop(0) for _ in range(2 if given[0] in _WITH_VALUE else 1) if given]
    is_ours = given[:1] == ["initdb"] and Path(words[0]).name in ("flask", "__main__.py")
    return shlex.join([*shlex.split(program("flask")), *before]) if is_ours else "flask"


def _repeated(settings: Mapping[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for setting in SETTINGS:
        value = settings.get(setting.name)
        if value is not None and setting.name not in _HOW:
            texts = [str(it) for it in value] if isinstance(value, list | tuple) else [str(value)]
            found += [(setting.option, url_text(it) if setting.secret else it) for it in texts]
    # What is not safe to print is left out: it is wrong in any case.
    return [(option, text) for option, text in found if safe_text(text) == text and MARK not in text]
