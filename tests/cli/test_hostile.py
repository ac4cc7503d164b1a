"""Hostile text in any field is refused, or accepted and printed safely."""

from __future__ import annotations

import pytest

from tests.cli.console import Console
from tests.cli.failures import SECRET, harmless
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
    """A revision's docstring and an error's text reach journal and terminal, escapes spelled out."""
    message = f"\\x1b]0;title\\x07 \\x1b[2J [red]x[/red] :boom: postgresql://u:{SECRET}@h/d password={SECRET}"
    toy.revision(4, f"    raise ValueError('{message}')", doc="\\x1b[31m [bold]doc[/bold]")
    toy.revision(5, "    pass", doc="[link=file:///etc/passwd]x[/link]")
    for command in ("plan", "run", "journal", "status"):
        done = console(command)
        harmless(done)
        assert "\x1b" not in done.output
    assert "[red]x[/red]" in console("journal").stdout
