"""docs/seeds.md is right: its example does what the page says, and what it names exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from initdb.errors import CATALOGUE
from initdb.settings import Settings
from initdb.steps.identity.rows import seed_rows

PAGE = Path(__file__).parents[2] / "docs" / "seeds.md"
pytestmark = pytest.mark.repository

_FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PRINTED = re.compile(r"^```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TIMES = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} +| \([\d.]+ m?s\)$")


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def project(page: str, tmp_path: Path) -> Path:
    """The example's files in a folder."""
    folder = tmp_path / "project"
    for name, content in _FILE.findall(page):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def run(folder: Path, url: str) -> list[str]:
    """What `initdb run` prints of its work, without times."""
    command = [sys.executable, "-m", "initdb", "run", "--database-url", url]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("INITDB_")}
    done = subprocess.run(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True, check=True, timeout=60
    )
    lines = [_TIMES.sub("", _TIMES.sub("", line)) for line in done.stdout.splitlines()]
    return [line for line in lines if line.startswith(("created ", "seeded "))]


def test_the_example(page: str, project: Path, database_url: str) -> None:
    """Two runs print what the page says, a run between them does nothing, and the rows are there."""
    first, second = (block.splitlines() for block in _PRINTED.findall(page))
    assert run(project, database_url) == first
    assert run(project, database_url) == []
    options = project / "seeds" / "30_options.json"
    options.write_text(options.read_text(encoding="utf-8").replace("EUR", "CHF"), encoding="utf-8")
    assert run(project, database_url) == second
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = {row.name: row.value for row in connection.execute(text("SELECT name, value FROM options"))}
        category = connection.scalar(text("SELECT category FROM products WHERE sku = 'W-001'"))
    engine.dispose()
    assert found == {"currency": "CHF", "greeting": "Welcome", "language.de": "on", "language.en": "on"}
    assert category is None


def test_what_it_names_exists(page: str) -> None:
    """Errors, the size of a batch, and the number of built-in rows."""
    errors = page[page.index("## Errors") :]
    named = re.findall(r"`([a-z-]+)`", errors)
    assert set(named) == {name for name in CATALOGUE if name.startswith("seed")}
    assert f"`batch_size` rows ({Settings().batch_size} unless set)" in page
    rows = {table: found for table, _, found in seed_rows()}
    assert len(rows["permissions"]) == 12
    assert all(f"`{row['name']}`" in page for row in rows["roles"])
