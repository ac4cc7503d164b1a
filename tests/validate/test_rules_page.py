"""docs/rules.md is right: its example prints what it says, and a boot checks a new or edited rule."""

from __future__ import annotations

import importlib
import re
import runpy
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Connection, MetaData, create_engine, text

from initdb import Initializer, Rule
from initdb.errors.redact import url_text
from initdb.settings import load_settings
from initdb.steps.catalog.issue import SEVERITIES
from initdb.steps.context import Rule as Defined

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
pytestmark = pytest.mark.repository

_FILE = re.compile(r"`([\w.]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PRINTED = re.compile(r"^```text\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def shop(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of the page, beside its other files; the working directory is theirs."""
    for name, content in _FILE.findall(page):
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    yield importlib.import_module("shop")
    sys.modules.pop("shop", None)


@pytest.fixture
def call(
    shop: ModuleType, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """Runs a file of the page as `python FILE URL`, and gives what it prints."""

    def call(file: str) -> str:
        monkeypatch.setattr(sys, "argv", [file, database_url])
        capsys.readouterr()
        runpy.run_path(file, run_name="__main__")
        return capsys.readouterr().out

    return call


def test_the_example(page: str, shop: ModuleType, database_url: str, call: Callable[[str], str]) -> None:
    """As the page tells it, on both databases."""
    found, refused = _PRINTED.findall(page)
    assert call("boot.py") == "ready\n"
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO orders (id) VALUES (1), (2)"))
        connection.execute(text("INSERT INTO lines (id, order_id, amount) VALUES (7, 2, 5000)"))
    assert call("check.py") == found
    assert call("boot.py") == "ready\n", "a boot of a ready database checks no rows"
    [error] = shop.initializer(database_url).repair().errors
    assert error.replace(shlex.quote(url_text(database_url)), "sqlite:///shop.db") == refused.rstrip("\n")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM orders WHERE id = 1"))
    engine.dispose()
    result = shop.initializer(database_url).resume()
    assert (result.success, result.warnings) == (True, ["Line 7 has an unusual amount."])


def test_what_the_page_says_of_a_rule(page: str) -> None:
    """Its arguments with their defaults, and each severity."""
    assert f'`Rule(name, check, severity="{Defined("n", lambda c: []).severity}")`' in page
    rows = page.split("| Severity | An issue of the rule |\n|---|---|\n")[1].split("\n\n", maxsplit=1)[0]
    assert re.findall(r'"(\w+)"', rows) == list(SEVERITIES)


def _boot(url: str, folder: Path, *rules: Rule) -> tuple[str, list[str]]:
    settings = load_settings(folder=folder, environ={}, options={"database_url": url})
    result = Initializer(metadata=MetaData(), rules=rules, settings=settings).initialize()
    return result.outcome, result.steps_completed


def _fine(connection: Connection) -> list[str]:
    return []


def _broken(connection: Connection) -> list[str]:
    return ["Something is wrong."]


def test_a_new_or_edited_rule_is_checked_by_the_next_boot(sqlite_url: str, tmp_path: Path) -> None:
    """It is code, as a model is. The same rules again are not checked again."""
    assert _boot(sqlite_url, tmp_path)[0] == "ready"
    assert "validated" in _boot(sqlite_url, tmp_path, Rule("one", _fine))[1]
    assert _boot(sqlite_url, tmp_path, Rule("one", _fine)) == ("ready", [])
    assert _boot(sqlite_url, tmp_path, Rule("one", _broken))[0] == "failed"
    assert _boot(sqlite_url, tmp_path, Rule("one", _broken, "warning"))[0] == "ready"
