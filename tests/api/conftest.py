"""An application with models, revisions and a seed on each database, for Flask and as an Initializer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.flask_app import Shop, shop


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tester's own settings do not reach the applications."""
    for name in list(os.environ):
        if name.startswith(("INITDB_", "FLASK_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Shop:
    """Two revisions, which make the schema, and a seed of two rows; nothing is done yet."""
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "10_product.csv").write_text("name\ntea\ncoffee\n")
    return shop(
        database_url,
        migrations=tmp_path / "migrations",
        INITDB_SCHEMA_FROM="migrations",
        INITDB_SEEDS=str(tmp_path / "seeds"),
    ).with_revisions("r1", "r2")


@pytest.fixture
def identity(database_url: str) -> Shop:
    """An application without models that asks for the built-in identity schema."""
    return shop(database_url, models=False, INITDB_SCHEMA_FROM="identity")
