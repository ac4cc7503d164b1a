"""One module uses Alembic's private names, and the installed version has them."""

from __future__ import annotations

import ast
from pathlib import Path

import alembic
import pytest
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine

import initdb
from initdb.steps.alembic_driver import private_names
from tests.env_py.project import project

PRODUCT = Path(initdb.__file__).parent
ONE_MODULE = PRODUCT / "steps/alembic_driver/private_names.py"


def _private(path: Path) -> set[str]:
    """Names with one leading underscore that a module takes from something other than itself."""
    nodes = (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Attribute))
    return {
        node.attr
        for node in nodes
        if node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
    }


@pytest.mark.parametrize("name", private_names.NAMES)
def test_alembic_has_it(tmp_path: Path, sqlite_url: str, name: str) -> None:
    """On a real script directory, a real revision and a real migration context."""
    made = project(tmp_path, sqlite_url)
    script = ScriptDirectory.from_config(made.config())
    engine = create_engine(sqlite_url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"script": script, "fn": print})
    specimens = {
        "ScriptDirectory": script,
        "Script": script.get_revision("r1"),
        "MigrationContext": context,
        "DefaultImpl": context.impl,
    }
    of, _, attribute = name.partition(".")
    assert hasattr(specimens[of], attribute), (
        f"Alembic {alembic.__version__} has no {name}. initdb uses it: {private_names.NAMES[name]}."
        f" Find another way in {ONE_MODULE.name}, or give Alembic an upper bound in pyproject.toml."
    )


def test_each_is_listed_with_its_purpose() -> None:
    """What the module uses is what it lists."""
    assert {name.partition(".")[2] for name in private_names.NAMES} == _private(ONE_MODULE)


def test_no_other_module_uses_one() -> None:
    """Neither another module of the driver, whichever private name it is, nor one of the rest."""
    listed = _private(ONE_MODULE)
    driver = {path: _private(path) for path in ONE_MODULE.parent.glob("*.py") if path != ONE_MODULE}
    assert not any(driver.values()), driver
    # Some of the folders are links in a source tree, which rglob does not follow.
    folders = [folder.resolve() for folder in PRODUCT.iterdir() if folder.is_dir()]
    modules = [path for folder in folders for path in folder.rglob("*.py") if path != ONE_MODULE.resolve()]
    assert len(modules) > 100
    rest = {path: _private(path) & listed for path in modules}
    assert {path: names for path, names in rest.items() if names} == {}
