"""docs/commands.md, written from the commands: `python -m initdb.cli.document > docs/commands.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping

import click

from initdb.cli.calling.options import SettingOption, output_options
from initdb.cli.output.contract import EXIT_CODES, FAILED, FIELDS, VERIFY_CODES
from initdb.cli.root import make_group
from initdb.statemachine.render.diagram import mermaid

_HEAD = """\
# Commands

<!-- Written by `python -m initdb.cli.document`; edit the commands in initdb/cli instead. -->

`initdb …`, `python -m initdb …` and, for a Flask application, `flask --app shop initdb …` are the same
commands. In containers and scripts write one of the last two: PostgreSQL has an `initdb` too, and which
of them PATH finds first differs from image to image.

Called with an option of PostgreSQL's initdb (`-D`, `--pgdata`, `-A`, `-U`, `-E`, `--locale` …) before any
command of its own, this one hands over to the next `initdb` on PATH. A word alone, as in `initdb data`,
is not taken for a folder: it is an error that says which initdb this is.

## How commands speak

- What people read goes to stdout; failures and warnings go to stderr, also with `--quiet`, which leaves
  out the rest.
- On a terminal a line that is updated in place says which step is at work, which revision of how many,
  how many rows, or for whom this process waits. Elsewhere there is a line for each event, and one
  whenever what is waited for changes.
- Colours appear on a terminal only, and not where `NO_COLOR` is set.
- `--json` prints one JSON object on one line of stdout, with the fields below; `journal --json` prints
  each event as it is stored, a line each. Fields may be added; none is renamed or taken away.
- `--quiet`, `--json` and `--debug` may stand before the command too.
- No failure shows a traceback. `--debug` prints that of an internal error.
"""

_SETTINGS = """\
## Settings as options

Each of these commands takes every setting as an option, such as `--database-url`, `--work-url`, `--app`,
`--metadata`, `--migrations`, `--seeds` and `--schema-from`; [settings.md](settings.md) has the table of
all. Where an `app` is named its own database is used, and `--database-url` is what that application finds
in `DATABASE_URL` while it is made.

Where nothing at all is configured, the database is `sqlite:///initdb.db` in the working directory and the
schema is the built-in identity schema. Where models, migrations, seeds or an application are configured,
but no database, nothing is assumed: that is `database-url-missing`.
"""


def document() -> str:
    """The page as Markdown."""
    parts = [_HEAD, _codes(), _SETTINGS]
    for name, command in commands():
        parts.append(f"## initdb {name}")
        parts += _described(name, command)
    parts.append("## Failures in JSON\n\nWhere a command fails before it could begin:\n\n" + _table(FAILED))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its name below the program's, groups that do something by themselves included."""
    for name, command in make_group().commands.items():
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())


def _codes() -> str:
    verify = "; ".join(f"{code}: {meaning}" for code, meaning in VERIFY_CODES.items())
    table = _rows(("Code", "Meaning"), EXIT_CODES.items())
    return f"## Exit codes\n\n{table}\n\n`journal verify` has its own: {verify}."


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
    if any(isinstance(one, SettingOption) for one in command.params):
        yield "Takes the settings as options."
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
