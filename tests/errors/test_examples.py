"""The commands, settings and queries in the advice work."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from initdb.errors import CATALOGUE, Advice
from initdb.settings.table import SETTINGS

ADVICE = [(row.reference, advice) for row in CATALOGUE.values() for advice in row.advice]
NAMES = {setting.name for setting in SETTINGS}
ASSIGNMENT = re.compile(r"(?<![\w.])([a-z_]+) = (\"[^\"\n]*\"|\[(?:\"[^\"\n]*\"(?:, )?)*\]|\d+)")
QUERY = re.compile(r"\bSELECT [^;\n…]+|\bSHOW \w+")
CATALOG = re.compile(r"^SHOW|\bpg_\w+|version\(")
OTHERS = {
    "max_connections",
    "max_locks_per_transaction",
    "statement_timeout",
    "key",
    "on_conflict",
    "branch_labels",
}
"""Names that are assigned to elsewhere: in postgresql.conf, in a seed file, in a revision."""


def told(database: str) -> list[str]:
    return [advice.text for _, advice in ADVICE if advice.fits(database)]


def queries(texts: list[str]) -> set[str]:
    """The queries on the catalog, which need no table of the application."""
    found = {match.group().strip() for words in texts for match in QUERY.finditer(words)}
    return {query for query in found if CATALOG.search(query) and query.count("'") % 2 == 0}


@pytest.mark.parametrize(("reference", "advice"), ADVICE)
def test_settings_that_are_named_exist(reference: str, advice: Advice) -> None:
    """Each `name = value` is a setting of initdb, or is known to belong elsewhere."""
    for name, value in ASSIGNMENT.findall(advice.text):
        assert name in NAMES | OTHERS, (reference, name)
        assert tomllib.loads(f"{name} = {value}")


def test_configuration_blocks_are_toml() -> None:
    """A block that begins with [tool.initdb] can be copied as it is."""
    blocks = 0
    for _, advice in ADVICE:
        code = "\n".join(line[4:] for line in advice.text.split("\n") if line.startswith("    "))
        if code.startswith("[tool.initdb]"):
            blocks += 1
            assert set(tomllib.loads(code)["tool"]["initdb"]) <= NAMES
    assert blocks >= 4


def test_queries_on_the_catalog_of_postgresql_run(postgresql_url: str) -> None:
    """What is to be asked of the server, the server answers."""
    asked = queries(told("postgresql"))
    assert len(asked) >= 10
    engine = create_engine(postgresql_url)
    with engine.connect() as connection:
        for query in asked:
            connection.execute(text(query.replace(":", "\\:").replace("PID", "0")))
    engine.dispose()


def test_queries_on_the_catalog_of_sqlite_run(tmp_path: Path) -> None:
    """The pragmas and the queries on sqlite_schema are SQLite's."""
    connection = sqlite3.connect(tmp_path / "app.db")
    pragmas = {name for words in told("sqlite") for name in re.findall(r"PRAGMA (\w+)", words)}
    assert pragmas >= {"integrity_check", "foreign_key_check", "journal_mode"}
    known = {name for (name,) in connection.execute("SELECT name FROM pragma_pragma_list")}
    connection.execute("SELECT type, name, tbl_name FROM sqlite_schema")
    connection.close()
    assert pragmas <= known
