"""The table of settings, the dataclass and the documentation agree."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

import pytest

from initdb.settings import SETTINGS, Setting, Settings, load_settings
from initdb.settings.page import main, with_current_settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

NAMED_IN_THE_DESIGN = [
    "database_url",
    "databases",
    "database",
    "work_url",
    "create_database",
    "allow_shared_folder",
    "backup",
    "backup_folder",
    "backup_command",
    "checkpoint_when",
    "checkpoint_key",
    "checkpoint_file",
    "checkpoint_command",
    "app",
    "metadata",
    "migrations",
    "seeds",
    "schema_from",
    "base",
    "repair",
    "ignore",
    "lock_timeout",
    "wait_limit",
    "attempts",
    "login_pause",
    "login_pause_limit",
    "on_failure",
    "admin_password_file",
    "admin_password_must_change",
    "mode",
    "application",
    "journal_schema",
    "journal_owner",
    "orders_refused",
    "require_manifest",
    "manifest_public_key",
    "security_log",
    "orders_by",
    "orders_need_reason",
    "when_ahead",
    "when_held",
    "when_edited",
    "batch_size",
    "seed_rows",
]


def test_every_setting_of_the_design_is_a_row() -> None:
    """The table holds the settings of the design and no other."""
    assert sorted(NAMED_IN_THE_DESIGN) == sorted(setting.name for setting in SETTINGS)


def test_the_dataclass_has_the_rows_as_fields_with_their_defaults() -> None:
    """Settings() is what the table calls the defaults."""
    fields = {field.name for field in dataclasses.fields(Settings)} - {"sources", "origins"}
    assert {setting.name for setting in SETTINGS} == fields
    assert {setting.name: setting.default for setting in SETTINGS} == {
        setting.name: getattr(Settings(), setting.name) for setting in SETTINGS
    }


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_row_is_complete(setting: Setting, tmp_path: Path) -> None:
    """Help is one sentence, a default is a value that may be given, names are spelled from the one name."""
    assert setting.help.endswith(".")
    assert ". " not in setting.help
    assert setting.variable == f"INITDB_{setting.name}".upper()
    assert setting.option == f"--{setting.name}".replace("_", "-")
    if setting.default is not None:
        assert setting.default == setting.kind.parse(setting.default, tmp_path)


def test_only_the_urls_are_secret() -> None:
    """Exactly the settings that may hold a password are secret, and none is part of the fingerprint."""
    secret = {setting.name for setting in SETTINGS if setting.secret}
    assert {"database_url", "databases", "work_url"} == secret
    assert not [setting.name for setting in SETTINGS if setting.secret and setting.alters_work]


def test_the_page_is_current() -> None:
    """docs/settings.md holds what the table says today (python -m initdb.settings.page docs/settings.md)."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_current_settings(page)


def test_the_page_names_every_setting() -> None:
    """A reader finds each setting with its variable."""
    page = PAGE.read_text(encoding="utf-8")
    assert not [setting.name for setting in SETTINGS if f"### `{setting.name}`" not in page]
    assert not [setting.name for setting in SETTINGS if f"`{setting.variable}=" not in page]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
@pytest.mark.parametrize("where", ["in a file", "in a variable", "as an option"])
def test_the_examples_of_the_page_can_be_used(
    setting: Setting, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is copied from the page to its place, and read; it is not the default."""
    monkeypatch.chdir(tmp_path)
    section = PAGE.read_text(encoding="utf-8").split(f"### `{setting.name}`\n")[1].split("\n### ")[0]
    in_file, in_variable, as_option = re.findall(r"`([^`]+)`", section.splitlines()[-1])
    (tmp_path / "initdb.toml").write_text('databases = ["stock=sqlite:///stock.db"]\n')
    environ, options = {}, {}
    if where == "in a file":
        (tmp_path / "initdb.toml").write_text(f"{in_file}\n")
    elif where == "in a variable":
        environ = dict([in_variable.split("=", 1)])
    else:
        words = shlex.split(as_option)
        assert set(words[::2]) == {setting.option}
        options = {setting.name: tuple(words[1::2]) if setting.many else words[1]}
    found = getattr(load_settings(environ=environ, options=options), setting.name)
    assert found != setting.default
    assert found == setting.kind.parse(setting.example, tmp_path)


def test_the_page_is_written_in_place(tmp_path: Path) -> None:
    """The command changes what is between the markers and nothing else; a page without markers is refused."""
    page = tmp_path / "page.md"
    written = PAGE.read_text(encoding="utf-8")
    page.write_text(written.replace("### `lock_timeout`", "### `lock_tmeout`"), encoding="utf-8")
    main([str(page)])
    assert written == page.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="begin"):
        with_current_settings("no markers")
