"""A library that is too old is refused in one sentence, by the command and by the import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from initdb.supported import OLDEST, too_old
from tests.support.product_tree import TREE

RUN = (sys.executable, "-m", "initdb", "run", "--database-url", "sqlite:///x.db")
IMPORT = (sys.executable, "-c", "from initdb import Initializer")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """SQLAlchemy 1.4 in front of the one that is installed: its metadata, and no `Connection`."""
    site = tmp_path / "site"
    (site / "sqlalchemy").mkdir(parents=True)
    (site / "sqlalchemy" / "__init__.py").write_text('__version__ = "1.4.54"\n')
    about = site / "SQLAlchemy-1.4.54.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: SQLAlchemy\nVersion: 1.4.54\n")
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


@pytest.mark.parametrize("words", [RUN, IMPORT], ids=["command", "import"])
def test_an_old_library(words: tuple[str, ...], environment: dict[str, str], tmp_path: Path) -> None:
    """What is installed, what is needed, and the command that gets it; no file is made."""
    folder = tmp_path / "empty"
    folder.mkdir()
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "sqlalchemy 1.4.54 is installed; initdb needs 2.0.36 or later" in said, said
    assert "pip install 'sqlalchemy>=2.0.36'" in said, said
    assert "internal-error" not in said
    assert not list(folder.iterdir())


def test_what_is_installed_is_supported() -> None:
    """Here, as everywhere that pip has installed it."""
    assert too_old() is None


@pytest.mark.repository
def test_the_metadata_of_the_package_says_the_same() -> None:
    """So that pip refuses it first."""
    demanded = (TREE / "pyproject.toml").read_text()
    for name, oldest in OLDEST.items():
        assert f'"{name}>={oldest}"' in demanded
