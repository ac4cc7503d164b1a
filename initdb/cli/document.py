"""Writes docs/commands.md from the commands: `python -m initdb.cli.document > docs/commands.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping

import click

from initdb.cli.calling.options import SettingOption, output_options
from initdb.cli.output.contract import EXIT_CODES, FAILED, FIELDS, VERIFY_CODES
from initdb.cli.root import make_group
from initdb.settings import SETTINGS
from initdb.statemachine.render.diagram import mermaid

_HEAD = """\
# Commands

<!-- Written by `python -m initdb.cli.document`; edit the commands in initdb/cli instead. -->

`initdb …`, `python -m initdb …` and, for a Flask application, `flask --app shop initdb …` are the same
commands. PostgreSQL has an `initdb` too, and which of them comes first on PATH differs from image to
image. So write one of the last two in containers and scripts.

If an option of PostgreSQL's initdb (`-D`, `--pgdata`, `-A`, `-U`, `-E`, `--locale` …) comes before any
command, this `initdb` runs the next `initdb` on PATH instead. A word alone, as in `initdb data`, is an
error that says which initdb this is.

## What commands print

- Results go to stdout. Failures and warnings go to stderr, also with `--quiet`, which prints nothing
  else.
- On a terminal, one line is updated in place. It says which step works, on which revision of how many or
  on how many rows, or for which process this one waits. Elsewhere there is a line for each event, and one
  whenever the reason for waiting changes.
- A command that is typed at a terminal waits only a few seconds for a server that does not answer: a wrong
  host or port does not become right. If `wait_limit` is set anywhere, that counts. While it waits it says
  for what, how long at most, and that Ctrl-C stops it. Everything else waits up to `wait_limit`.
- `initdb journal` is shown in a pager, as git does it: on a terminal, if it is longer than the window. PAGER
  names the pager (default: `less`); `--no-pager`, or `PAGER=cat`, turns it off.
- Colours appear only on a terminal, and not if `NO_COLOR` is set.
- `--json` prints one JSON object on one line of stdout, with the fields below; also for wrong usage, wherever
  `--json` stands. `journal --json` prints one line for each event, as it is stored. Later versions may add
  fields; they never rename or remove one.
- `--quiet`, `--json`, `--debug` and `--show-values` may also come before the command.
- No failure holds a value: no row, no parameter, no literal of a statement, no text of the database or of an
  exception. `--show-values` prints these texts on stderr, once; they are stored nowhere.
- No failure shows a traceback. With `--debug` an internal error does, without texts.
- An option with a password is warned of on stderr: other users of the machine can read it in the list of
  processes. Use the variable of the setting, a settings file, or PostgreSQL's file `.pgpass` (PGPASSFILE).
"""

_SETTINGS = """\
## Settings as options

Each command that needs a database takes every setting as an option, such as `--database-url`, `--app`,
`--metadata`, `--migrations` and `--seeds`; [settings.md](settings.md) lists them all. If an `app` is
named, initdb uses the database of that application, which finds `--database-url` in `DATABASE_URL` while
it is created.

If nothing at all is configured, and the folder holds nothing of an application, the database is
`sqlite:///initdb.db` in the working directory, and the schema is the built-in identity schema. Where there
is something of an application (source, models, an Alembic directory, `FLASK_APP`, `DATABASE_URL`), that is
the error `schema-not-named`, which says what was found and what to type. If models, migrations, seeds or an
application are configured, but no database, that is the error `database-url-missing`.
"""


def document() -> str:
    """The page, as Markdown."""
    parts = [_HEAD, _codes(), _SETTINGS]
    for name, command in commands():
        parts.append(f"## initdb {name}")
        parts += _described(name, command)
    parts.append(
        "## Failures in JSON\n\nIf a command fails before it could begin, it prints:\n\n" + _table(FAILED)
    )
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its name, also groups that can be called themselves."""
    for name, command in make_group().commands.items():
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())


def _codes() -> str:
    verify = "; ".join(f"{code}: {meaning}" for code, meaning in VERIFY_CODES.items())
    table = _rows(("Code", "Meaning"), EXIT_CODES.items())
    return f"## Exit codes\n\n{table}\n\n`journal verify` has exit codes of its own: {verify}."


def _described(name: str, command: click.Command) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(click.Context(command)))
    yield f"```\ninitdb {name} {usage}\n```"
    yield inspect.cleandoc(command.help or "")
    shared = _shared()
    own = [one for one in command.params if isinstance(one, click.Option) and one.name not in shared]
    records = [
        one.get_help_record(click.Context(command)) for one in own if not isinstance(one, SettingOption)
    ]
    if any(records):
        yield _rows(
            ("Option", "What it does"), ((f"`{record[0]}`", record[1]) for record in records if record)
        )
    settings = [one.opts[0] for one in command.params if isinstance(one, SettingOption)]
    if settings:
        few = ", ".join(f"`{option}`" for option in settings) if len(settings) < len(SETTINGS) else ""
        yield f"Takes these settings as options: {few}." if few else "Takes the settings as options."
    if name in FIELDS:
        first = next(other for other, fields in FIELDS.items() if fields is FIELDS[name])
        same = f"`--json` prints the fields of [initdb {first}](#initdb-{first})."
        yield same if first != name else f"`--json` prints:\n\n{_table(FIELDS[name])}"
    if name == "diagram":
        yield f"```mermaid\n{mermaid()}\n```"


def _shared() -> frozenset[str | None]:
    """The names of the options that every command has."""
    return frozenset(one.name for one in output_options(click.Command("any")).params)


def _table(fields: Mapping[str, str]) -> str:
    return _rows(("Field", "What it says"), ((f"`{name}`", meaning) for name, meaning in fields.items()))


def _rows(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "\n".join(f"| {first} | {second.replace('|', chr(92) + '|')} |" for first, second in lines)


if __name__ == "__main__":
    print(document(), end="")
