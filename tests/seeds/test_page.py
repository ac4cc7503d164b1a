"""docs/seeds.md is right: its example does what the page says, and what it names exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, create_engine, text

from initdb.errors import CATALOGUE
from initdb.settings import Settings
from initdb.steps.identity.rows import seed_rows
from initdb.steps.seeds.ordering import by_parents
from initdb.steps.seeds.sources import discover
from tests.cli.console import Console

PAGE = Path(__file__).parents[2] / "docs" / "seeds.md"
pytestmark = pytest.mark.repository

_FILE = re.compile(r"`([\w./-]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PRINTED = re.compile(r"^```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LISTED = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
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
        gift = text("SELECT category, price FROM products WHERE sku = 'W-001'")
        category, price = connection.execute(gift).one()
    engine.dispose()
    months = {name for name in found if name.startswith("month.")}
    assert len(months) == 12
    assert {name: value for name, value in found.items() if name not in months} == {
        **{"currency": "CHF", "greeting": "Welcome", "language.de": "on", "language.en": "on"},
        **{"vat": "19", "vat.reduced": "7", "opens": "09:00", "closes": "18:00"},
    }
    assert (category, price) == (None, 0)


def test_every_form_has_an_example(page: str, project: Path) -> None:
    """A file of each ending, both functions of a file, and both forms of a function in a module."""
    files = list((project / "seeds").iterdir())
    assert {file.suffix for file in files} == {".csv", ".json", ".yaml", ".py"}
    sources = discover(["seeds"], folder=project)
    assert {source.kind for source in sources} == {"rows", "python rows", "python callable"}
    starts = {file.read_text(encoding="utf-8")[0] for file in files if file.suffix == ".json"}
    assert starts == {"{", "["}
    assert '"shop:languages", "shop:free_gift_card"' in (project / "initdb.toml").read_text(encoding="utf-8")


def test_the_order_of_a_folder(page: str, tmp_path: Path) -> None:
    """As the page lists it, whatever the order in which the files were made."""
    listed = _LISTED.findall(page)[0].splitlines()
    models = MetaData()
    for name in ("item", "options", "city"):
        Table(name, models, Column("id", Integer, primary_key=True))
    Table("shop", models, Column("id", Integer, primary_key=True), Column("city", ForeignKey("city.id")))
    for name in sorted(listed, reverse=True):
        (tmp_path / name).write_text("id\n1\n")
    ordered = by_parents(discover(str(tmp_path), folder=tmp_path), models)
    assert [source.name for source in ordered] == listed
    assert {source.table for source in ordered if "item" in source.name} == {"item"}


def test_what_is_left_out(page: str, project: Path, tmp_path: Path) -> None:
    """Each file with its reason, by a run that works, by plan and by validate. The run goes on."""
    listed = _LISTED.findall(page)[1].splitlines()
    (project / "seeds" / "notes.txt").write_text("later\n")
    (project / "seeds" / "defaults.py").write_text("ROWS = ()\n")
    (project / "seeds" / "old").mkdir()
    (project / "seeds" / ".hidden").write_text("x")
    (project / "seeds" / "__init__.py").write_text("")
    console = Console(project, {})
    url = ("--database-url", f"sqlite:///{tmp_path}/left.db")
    for command in ("plan", "run", "validate"):
        lines = console(command, *url).output.replace(f"{project}/", "").splitlines()
        found = [line for line in lines if line.startswith("warning") and "is no seed" in line]
        assert [re.sub(r"^warning:? +", "warning: ", line) for line in found] == listed, command


def test_what_it_names_exists(page: str) -> None:
    """Errors, the size of a batch, and the number of built-in rows."""
    errors = page[page.index("## Errors") :]
    named = re.findall(r"`([a-z-]+)`", errors)
    assert set(named) == {name for name in CATALOGUE if name.startswith("seed")}
    assert f"`batch_size` rows ({Settings().batch_size:,} unless set)" in page
    rows = {table: found for table, _, found in seed_rows()}
    assert len(rows["permissions"]) == 12
    assert all(f"`{row['name']}`" in page for row in rows["roles"])
