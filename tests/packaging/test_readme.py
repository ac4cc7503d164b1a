"""The README is right: its links, commands, settings and names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import initdb
from initdb.cli.document import commands
from initdb.settings import SETTINGS

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.repository


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", ["README.md", "SECURITY.md"])
def test_links_lead_somewhere(file: str) -> None:
    """Every relative one."""
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / file).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_commands_exist(readme: str) -> None:
    """Those in code, of `initdb` and of `make`."""
    known = {name for name, _ in commands()}
    named = re.findall(r"^initdb ((?:journal verify|[a-z]+))", readme, re.MULTILINE)
    assert named
    assert set(named) <= known
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE)
    assert targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_settings_and_names_exist(readme: str) -> None:
    """As written in its examples."""
    names = {setting.name for setting in SETTINGS}
    toml = readme[readme.index("```toml") :].partition("```\n")[0]
    assert set(re.findall(r"^(\w+) = ", toml, re.MULTILINE)) <= names
    assert callable(initdb.init_app)
    assert callable(initdb.Initializer)
