"""What a revision that cannot be printed visibly does."""

from __future__ import annotations

import pytest

from initdb.steps.effects.sketch import rebuilds, sketch


@pytest.mark.parametrize(
    ("line", "sql"),
    [
        ("op.drop_table('a')", 'DROP TABLE "a"'),
        ("op.drop_table('a\"b', schema='s')", 'DROP TABLE "s"."a""b"'),
        ("op.drop_table(table_name='a')", 'DROP TABLE "a"'),
        ("op.drop_table(name)", None),
        ("op.rename_table('a', 'b')", 'ALTER TABLE "a" RENAME TO "b"'),
        ("op.drop_column('a', 'b')", 'ALTER TABLE "a" DROP COLUMN "b"'),
        ("op.drop_column('a', column_name='b', schema='s')", 'ALTER TABLE "s"."a" DROP COLUMN "b"'),
        ("op.drop_constraint('c', 'a', type_='unique')", 'ALTER TABLE "a" DROP CONSTRAINT "c"'),
        ("op.alter_column('a', 'b', nullable=False)", 'ALTER TABLE "a" ALTER COLUMN "b" SET NOT NULL'),
        ("op.alter_column('a', 'b', nullable=True)", None),
        ("op.create_index('i', 'a', ['b'])", 'CREATE INDEX "i" ON "a" (x)'),
        (
            "op.create_index('i', 'a', ['b'], postgresql_concurrently=True)",
            'CREATE INDEX CONCURRENTLY "i" ON "a" (x)',
        ),
        (
            "with op.batch_alter_table('a', schema='s') as b: b.drop_column('c')",
            'ALTER TABLE "s"."a" DROP COLUMN "c"',
        ),
        (
            "with op.batch_alter_table('a') as b: b.drop_constraint('c')",
            'ALTER TABLE "a" DROP CONSTRAINT "c"',
        ),
        (
            "with op.batch_alter_table('a') as b: b.alter_column('c', nullable=False)",
            'ALTER TABLE "a" ALTER COLUMN "c" SET NOT NULL',
        ),
        ("with op.batch_alter_table('a') as b: b.create_index('i', ['c'])", 'CREATE INDEX "i" ON "a" (x)'),
        ("with op.batch_alter_table(name) as b: b.drop_column('c')", None),
        ("op.execute('DELETE FROM a')", "DELETE FROM a"),
        ("op.execute(sa.text('DELETE FROM a'))", "DELETE FROM a"),
        ("op.get_bind().execute(sa.text('DELETE ' 'FROM a'))", "DELETE FROM a"),
        ("rows = connection.exec_driver_sql('SELECT 1').all()", "SELECT 1"),
        ("op.execute(f'DELETE FROM {name}')", "DELETE FROM unknown_value"),
        ("op.execute(f'DELETE FROM a WHERE id = {id:d}')", "DELETE FROM a WHERE id = unknown_value"),
        ("op.execute('DELETE FROM a WHERE id = %s' % id)", "DELETE FROM a WHERE id = unknown_value"),
        ("op.execute('DELETE FROM a WHERE id = {}'.format(id))", "DELETE FROM a WHERE id = unknown_value"),
        ("op.execute(name % 1)", None),
        ("op.execute(statement)", None),
        ("op.execute()", None),
        ("op.create_table('a')", None),
    ],
)
def test_a_line(line: str, sql: str | None) -> None:
    """In its upgrade; a downgrade does not count."""
    source = f"def upgrade():\n    {line}\n\n\ndef downgrade():\n    op.drop_table('z')\n"
    assert sketch(source.encode()) == (() if sql is None else (sql,))


def test_lines_keep_their_order() -> None:
    """Also those of functions that the upgrade calls."""
    source = b"""
def helper(table):
    op.execute("SELECT 1")
def upgrade():
    if True:
        with op.batch_alter_table("a") as b:
            b.drop_column("c")
        op.drop_table("d")
"""
    assert sketch(source) == ("SELECT 1", 'ALTER TABLE "a" DROP COLUMN "c"', 'DROP TABLE "d"')


@pytest.mark.parametrize("source", [b"", b"def upgrade(:", b"\x00", b"\xff\xfe"])
def test_what_is_no_source(source: bytes) -> None:
    """A compiled file, for example."""
    assert sketch(source) == ()
    assert rebuilds(source) == ()


@pytest.mark.parametrize(
    ("lines", "tables"),
    [
        ("    with op.batch_alter_table('a') as b:\n        b.drop_column('c')", ("a",)),
        (
            "    with op.batch_alter_table('a', schema=None) as b:\n        b.add_column(sa.Column('c'))",
            (),
        ),
        (
            "    with op.batch_alter_table('a') as b:\n        b.add_column(x)\n        b.alter_column('d')",
            ("a",),
        ),
        ("    with op.batch_alter_table('a') as b:\n        b.create_index('i', ['c'])", ()),
        ("    with op.batch_alter_table(name) as b:\n        b.drop_column('c')", ()),
        ("    with other('a') as b:\n        b.drop_column('c')", ()),
    ],
)
def test_tables_that_batch_mode_rebuilds(lines: str, tables: tuple[str, ...]) -> None:
    """Those to which more is done than to add a column."""
    down = "    with op.batch_alter_table('z') as b:\n        b.drop_column('c')"
    source = f"def upgrade():\n{lines}\n\n\ndef downgrade():\n{down}\n"
    assert rebuilds(source.encode()) == tables
