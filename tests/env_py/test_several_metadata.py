"""An env.py with a list of metadata, and models that are copies: Table.to_metadata()."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from initdb.errors import InitError
from initdb.loading.models import as_metadata, merged
from tests.cli.console import Console
from tests.env_py.project import Project, project

MODELS = """
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

first, origin, copied = MetaData(), MetaData(), MetaData()
Table("t1", first, Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False, unique=True))
names = [f"c{number}" for number in range(8)]
Table(
    "wide",
    origin,
    Column("id", Integer, primary_key=True),
    Column("of", ForeignKey(first.tables["t1"].c.id)),
    *(Column(name, String(40)) for name in names),
    *(UniqueConstraint(name, other) for name, other in zip(names, names[1:])),
)
origin.tables["wide"].to_metadata(copied)
both = [first, copied]
"""
WIDE = """
    op.create_table("wide", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("of", sa.Integer, sa.ForeignKey("t1.id")),
        *(sa.Column(f"c{n}", sa.String(40)) for n in range(8)),
        *(sa.UniqueConstraint(f"c{n}", f"c{n + 1}") for n in range(7)))
"""


def shop(folder: Path, url: str) -> Project:
    """Revisions for the tables of both, and an env.py that compares with both."""
    made = project(folder, url, revisions=1)
    made.revision(2, WIDE, '    op.drop_table("wide")')
    (folder / "two_metadata.py").write_text(MODELS)
    return made.env("""
        from two_metadata import both

        with create_engine(url, poolclass=pool.NullPool).connect() as connection:
            context.configure(connection=connection, target_metadata=both)
            with context.begin_transaction():
                context.run_migrations()
        """)


def settled(made: Project, value: str) -> None:
    lines = [f"database_url = {made.url!r}", 'migrations = "alembic"', f"metadata = {value}"]
    (made.folder / "initdb.toml").write_text("\n".join(lines))


def test_each_process_finds_the_same_models(tmp_path: Path, database_url: str) -> None:
    """Whatever their order in memory: the first boot works, every later one writes nothing."""
    made = shop(tmp_path, database_url)
    settled(made, '["two_metadata:first", "two_metadata:copied"]')
    said = []
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "initdb", "run"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout + done.stderr
        said.append("already ready" in done.stdout)
    assert said == [False, True, True]
    assert made.applied() == ["r1", "r2"]


@pytest.mark.parametrize("value", ['"two_metadata:first,two_metadata:copied"', '"two_metadata:both"'])
def test_a_lost_table_of_either_is_found(tmp_path: Path, database_url: str, value: str) -> None:
    """Both are compared with the database."""
    made = shop(tmp_path, database_url)
    settled(made, value)
    console = Console(tmp_path, dict(os.environ))
    assert console("run").exit_code == 0
    made.sql("DROP TABLE wide", "DELETE FROM t1")
    assert console("run").exit_code == 0
    made.sql("SELECT * FROM wide", "DROP TABLE wide", "DROP TABLE t1")
    assert console("run").exit_code == 0
    assert made.sql("SELECT * FROM t1") == made.sql("SELECT id FROM wide") == []


def test_two_tables_of_one_name() -> None:
    """Alembic refuses them, too."""
    one, other = MetaData(), MetaData()
    for metadata in (one, other):
        Table("t", metadata, Column("id", Integer, primary_key=True))
    with pytest.raises(InitError, match="two of the metadata have a table t"):
        as_metadata([one, other], "models:both")


def test_what_is_merged() -> None:
    """A foreign key from one to the other leads to the copy; names are those of the convention."""
    one, other = (MetaData(naming_convention={"fk": "fk_%(table_name)s"}) for _ in range(2))
    Table("t", one, Column("id", Integer, primary_key=True))
    Table("u", other, Column("id", Integer, primary_key=True), Column("t", ForeignKey(one.tables["t"].c.id)))
    both = merged([one, other])
    (key,) = both.tables["u"].foreign_key_constraints
    assert (key.name, key.referred_table) == ("fk_u", both.tables["t"])
    assert both.sorted_tables == [both.tables["t"], both.tables["u"]]
    assert merged([one]) is one
