"""docs/commands.md is generated from the commands."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from initdb.cli.calling.options import SettingOption
from initdb.cli.discovery.proposal import ORDER
from initdb.cli.document import commands, document
from initdb.cli.output.contract import EXIT_CODES, FIELDS
from initdb.settings import SETTINGS

ROOT = Path(__file__).parents[2]


@pytest.mark.repository
def test_the_page_is_current() -> None:
    """`python -m initdb.cli.document > docs/commands.md` changes nothing."""
    assert (ROOT / "docs/commands.md").read_text(encoding="utf-8") == document()


def test_every_command_that_prints_an_object_has_its_fields_written_down() -> None:
    """All but the journal's own list, and what Alembic prints."""
    assert {name for name, _ in commands()} - {"journal", "alembic"} == set(FIELDS)


def test_every_command_with_a_database_takes_every_setting() -> None:
    """As an option of the setting's name."""
    names = {setting.name for setting in SETTINGS}
    few = {"explain": set(), "diagram": set(), "completion": set(), "init": set(ORDER)}
    for name, command in commands():
        found = {one.name for one in command.params if isinstance(one, SettingOption)}
        assert found == few.get(name, names), name


def test_every_option_says_what_it_does() -> None:
    """No option without help, no command without a sentence."""
    for name, command in commands():
        assert command.help, name
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert all(one.help for one in options), name


def test_the_exit_codes_are_those_of_the_issue() -> None:
    """Written once."""
    assert list(EXIT_CODES) == ["0", "1", "2", "3", "4", "130", "143"]
    assert all(f"| {code} |" in document() for code in EXIT_CODES)
