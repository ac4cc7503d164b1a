"""If a revision or a seed has a mistake, its file is named, and what was committed before stands."""

from __future__ import annotations

import pytest

from tests.cli.console import Console
from tests.cli.failures import well_told
from tests.support.toy import Toy


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        ("    op.execute('SELECT 1'", "revision-unparsable"),
        ("    op.get_bind().commit()", "revision-committed-itself"),
        ("    op.execute('SELECT * FROM nowhere')", "revision-failed"),
    ],
)
def test_a_revision_with_a_mistake(console: Console, toy: Toy, body: str, reference: str) -> None:
    """What was committed before it stands; it left nothing behind."""
    toy.revision(4, body)
    well_told(console("run"), reference, 1)
    assert "004_r4.py" in console("run").stderr


def test_two_heads(console: Console, sqlite_toy: Toy) -> None:
    """Two developers added a revision each."""
    path = sqlite_toy.revision(4, "    pass")
    path.with_name("other.py").write_text(path.read_text().replace('"r4"', '"other"'))
    well_told(console("run"), "multiple-heads", 1)


def test_a_seed_with_a_missing_column(console: Console, toy: Toy) -> None:
    """The revisions stand; the seed's column is named."""
    columns = 'sa.Column("name", sa.String(9), unique=True), sa.Column("kind", sa.String(9), nullable=False)'
    toy.revision(4, f'    op.create_table("t4", sa.Column("id", sa.Integer, primary_key=True), {columns})')
    (toy.seeds / "20_t4.csv").write_text("name\nfirst\n")
    done = console("run")
    well_told(done, "seed-rejected", 1)
    assert "20_t4.csv line 2: t4" in done.stderr
    assert "kind" in done.stderr
    assert toy.sql("SELECT count(*) FROM t1") == [(6,)]
