"""The modules, functions, files and links that the pages for contributors name exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.architecture.contract import ROOT

PAGES = (ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", ROOT / "docs/decisions/0011-house.md")
pytestmark = [pytest.mark.repository, pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)]


def quoted(page: Path, pattern: str) -> list[str]:
    """What stands in backticks, outside of what a program has written, and looks like this."""
    text = re.sub(r"(?s)<!-- written by .*? begin -->.*? end -->", "", page.read_text(encoding="utf-8"))
    return re.findall(rf"`({pattern})`", text)


def is_there(name: str) -> bool:
    """Whether "package.module" or "package.module:attribute.attribute" exists."""
    module, _, attributes = name.partition(":")
    here = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        if not hasattr(here, attribute):
            return False
        here = getattr(here, attribute)
    return True


def test_names_are_there(page: Path) -> None:
    """Those that begin with the package's."""
    names = quoted(page, r"initdb(?:\.\w+)+(?::[\w.]+)?")
    assert [name for name in names if not is_there(name)] == []


def test_files_are_there(page: Path) -> None:
    """Those with a slash, from the top of the repository."""
    files = quoted(page, r"[\w.-]+/[\w./-]*")
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_links_lead_somewhere(page: Path) -> None:
    """Every relative one."""
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_tests_are_there(page: Path) -> None:
    """Those that are named with their file."""
    for file, *classes, name in (one.split("::") for one in quoted(page, r"tests/[\w/.]+(?:::\w+)+")):
        source = (ROOT / file).read_text(encoding="utf-8")
        assert all(f"class {one}" in source for one in classes), file
        assert f"def {name}(" in source, (file, name)
