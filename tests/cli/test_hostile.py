"""Hostile text in any field is refused, or accepted and printed safely."""

from __future__ import annotations

import json
import re

import pytest

from initdb.cli.output.screen import Screen
from tests.cli.console import Console
from tests.cli.failures import SECRET, harmless
from tests.cli.terminal import Terminal
from tests.cli.test_plan import offline
from tests.support.toy import Toy

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "a\x00b",
    "\ud800lone",
    "'; DROP TABLE init_journal; --",
    "[bold]markup[/bold] :smile: {0} %s %(x)s",
    "x" * 5000,
    "\u202eright-to-left",
    "line\nbreak\r\tand tab",
    f"postgresql://u:{SECRET}@h/d",
    "",
    "   ",
]
SETTINGS_WITH_TEXT = [
    "--database-url",
    "--work-url",
    "--app",
    "--metadata",
    "--migrations",
    "--seeds",
    "--base",
    "--schema-from",
    "--ignore",
    "--lock-timeout",
    "--wait-limit",
    "--attempts",
    "--batch-size",
    "--admin-password-file",
    "--application",
    "--journal-schema",
    "--mode",
]


@pytest.mark.parametrize("option", SETTINGS_WITH_TEXT)
def test_hostile_text_in_every_setting(console: Console, option: str) -> None:
    """Whatever a setting holds, it is refused or taken, and printed harmlessly."""
    for number, text in enumerate(HOSTILE):
        url = () if option == "--database-url" else ("--database-url", f"sqlite:///h{number}.db")
        harmless(console("status", *url, option, text))


def test_hostile_text_in_names_and_arguments(console: Console, sqlite_toy: Toy) -> None:
    """Revisions, runs, types, states, times, references, users."""
    console("run")
    commands = [
        ("rollback", "--to"),
        ("release",),
        ("resume", "--retry"),
        ("resume", "--mark-applied"),
        ("journal", "--run"),
        ("journal", "--type"),
        ("journal", "--state"),
        ("journal", "--since"),
        ("journal", "--last"),
        ("explain",),
        ("admin", "set-password"),
    ]
    for words in commands:
        for text in HOSTILE:
            harmless(console(*words, text, typed="a long enough pass phrase\n"))


def test_hostile_text_in_the_application_is_stored_and_printed_harmlessly(console: Console, toy: Toy) -> None:
    """A revision's docstring reaches journal and terminal, escapes spelled out; an error's text does not."""
    message = f"\\x1b]0;title\\x07 \\x1b[2J [red]x[/red] :boom: postgresql://u:{SECRET}@h/d password={SECRET}"
    toy.revision(4, f"    raise ValueError('{message}')", doc="\\x1b[31m [bold]doc[/bold]")
    toy.revision(5, "    pass", doc="[link=file:///etc/passwd]x[/link]")
    for command in ("plan", "run", "journal", "status"):
        done = console(command)
        harmless(done)
        assert "\x1b" not in done.output
    assert "[red]x[/red]" not in console("journal").stdout
    assert "[red]x[/red]" in (shown := console("resume", "--show-values").stderr)
    assert "\x1b" not in shown


ESCAPES = "\x1b[31mX\x9b7\x07\x7f"
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture
def odd_files(sqlite_toy: Toy) -> Toy:
    """A revision and a file among the seeds whose names and contents hold escapes for a terminal."""
    insert = f"INSERT INTO t1 (id, name) VALUES (77, 'v{ESCAPES}')"
    made = sqlite_toy.revision(4, f"    op.execute({insert!r})", doc=f"doc {ESCAPES}")
    made.rename(made.with_name(f"004_r4{ESCAPES}.py"))
    (sqlite_toy.seeds / f"note{ESCAPES}.txt").touch()
    offline(sqlite_toy)
    return sqlite_toy


def test_escapes_in_files_do_not_reach_a_terminal(console: Console, odd_files: Toy) -> None:
    """Neither what people read nor what programs read holds any. Only SQL does, where it is piped."""
    commands = ["plan", "run", "status", "journal", "validate", "doctor", "replay", "rollback --yes"]
    commands += [
        f"{command} --json" for command in ("plan", "status", "journal", "validate", "doctor", "replay")
    ]
    for command in (*commands, "journal export", "run"):
        done = console(*command.split())
        assert done.exit_code in (0, 3), f"{command}: {done.stdout}{done.stderr}"
        for printed in (done.stdout, done.stderr):
            assert not _UNPRINTABLE.search(printed), f"{command}: {printed!r}"


def test_escapes_in_sql_are_shown_on_a_terminal_and_piped_as_they_are(
    console: Console, odd_files: Toy
) -> None:
    """A comment never holds any; a statement must be the revision's."""
    piped = console("plan", "--sql").stdout
    odd = [line for line in piped.splitlines() if "\x1b" in line]
    assert len(odd) == 1 and odd[0].startswith("INSERT") and ESCAPES in odd[0]
    code, shown = Terminal(["plan", "--sql"], console.folder, console.environ).end()
    assert code == 0 and r"\x1b[31mX\x9b7\x07\x7f" in shown
    assert not _UNPRINTABLE.search(shown.replace("\r\n", "\n")), shown


def test_a_document_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON in ASCII may hold U+007F as it is; it is spelled out."""
    Screen(as_json=True).emit({"a": f"b{ESCAPES}"})
    printed = capsys.readouterr().out
    assert not _UNPRINTABLE.search(printed) and json.loads(printed) == {"a": f"b{ESCAPES}"}
