"""What is read from a revision's source, in every form in which people write it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.steps.revisions.locate import find_directories
from initdb.steps.revisions.reading import read_revisions
from tests.revisions.directories import BODY, environment, oracle, write_source

HEAD = 'revision = "aaaa"\ndown_revision = None\n'
TYPED = """
from typing import Sequence, Union
revision: str = "aaaa"
down_revision: Union[str, Sequence[str], None] = ("bbbb", "cccc")
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = "dddd"
"""


@pytest.mark.parametrize(
    ("source", "down", "depends_on", "labels"),
    [
        (HEAD, (), (), ()),
        (TYPED, ("bbbb", "cccc"), ("dddd",), ()),
        (
            'revision = "aaaa"\ndown_revision = "bbbb"\nbranch_labels = ("x", "y")\n',
            ("bbbb",),
            (),
            ("x", "y"),
        ),
        ('revision = "aaaa"\ndown_revision = ["bbbb"]\ndepends_on = {"d", "c"}\n', ("bbbb",), ("d", "c"), ()),
        ('revision = "aaaa"\ndown_revision = ()\ndepends_on = []\n', (), (), ()),
        ('revision = "aaaa"\ndown_revision = (None,)\n', (), (), ()),
        ('revision = "aaaa"\ndown_revision = "None"\n', ("None",), (), ()),
        ('revision, down_revision = "aaaa", "bbbb"\n', ("bbbb",), (), ()),
        ('revision = "aaaa"\nbranch_labels = depends_on = down_revision = None\n', (), (), ()),
        ('BASE = "bbbb"\nrevision = "aaaa"\ndown_revision = (BASE, "cccc")\n', ("bbbb", "cccc"), (), ()),
        ('revision = "zzzz"\n' + HEAD, (), (), ()),
        (HEAD + "from app import LABEL\nbranch_labels = (LABEL,)\n", (), (), None),
        (HEAD + "branch_labels = tuple(['x'])\n", (), (), None),
        (HEAD + "if True:\n    branch_labels = 'x'\n", (), (), None),
    ],
)
def test_identifiers(
    tmp_path: Path,
    source: str,
    down: tuple[str, ...],
    depends_on: tuple[str, ...],
    labels: tuple[str, ...] | None,
) -> None:
    """Plain and annotated assignments of strings and tuples; labels that are computed are unknown."""
    file = write_source(tmp_path / "migrations", source + BODY)
    assert (file.revision, file.down, file.depends_on, file.labels) == ("aaaa", down, depends_on, labels)


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ('"""Add orders.\n\nRevision ID: aaaa\n"""\n', "Add orders."),
        ('"""\n   Add orders  \n"""\n', "Add orders"),
        ("'''Häuser'''\n", "Häuser"),
        ('""""""\n', ""),
        ("", ""),
    ],
)
def test_the_first_line_of_the_docstring(tmp_path: Path, doc: str, expected: str) -> None:
    """It is what a person called the revision."""
    assert write_source(tmp_path / "migrations", doc + HEAD).doc == expected


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    """Anybody can compute it with sha256sum."""
    data = HEAD.replace("\n", "\r\n").encode()
    assert write_source(tmp_path / "migrations", data).digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def downgrade():\n    op.drop_table('x')\n", True),
        ("def downgrade(engine_name):\n    globals()['downgrade_%s' % engine_name]()\n", True),
        ("def downgrade():\n    pass\n", True),
        ("from app.steps import downgrade\n", True),
        ("def downgrade():\n    raise NotImplementedError\n", False),
        ("def downgrade():\n    '''Never.'''\n    raise RuntimeError('no way back')\n", False),
        ("", False),
    ],
)
def test_whether_there_is_a_way_back(tmp_path: Path, body: str, expected: bool) -> None:
    """A missing downgrade, or one that begins by refusing, is none."""
    assert write_source(tmp_path / "migrations", HEAD + body).has_downgrade is expected


@pytest.mark.parametrize(
    "line",
    [
        "op.get_bind().commit()",
        "op.get_bind().rollback()",
        "op.get_context().connection.commit()",
        "op.get_bind().connection.dbapi_connection.commit()",
        "op.get_bind().execution_options(stream_results=True).commit()",
        "conn.commit()",
        "raw.commit()",
        "alias.rollback()",
        "session.connection().commit()",
        'op.execute("COMMIT")',
        'op.execute("commit; BEGIN")',
        'conn.execute(sa.text(" -- now\\n /* really */ ROLLBACK WORK"))',
        'conn.exec_driver_sql("END")',
        'op.execute("BEGIN TRANSACTION")',
        'op.execute("START TRANSACTION READ WRITE")',
        "op.execute(\"PREPARE TRANSACTION 'x'\")",
        "cursor.executescript(open('x.sql').read())",
    ],
)
def test_a_visible_commit_has_its_line(tmp_path: Path, line: str) -> None:
    """What reaches the driver is found before it is sent, by its line."""
    source = f"""{HEAD}
def upgrade():
    conn = op.get_bind()
    raw = conn.connection
    alias = raw
    session = Session(bind=conn)
    {line}
"""
    assert write_source(tmp_path / "migrations", source).commits == (9,)


@pytest.mark.parametrize(
    "line",
    [
        "session.commit()",
        "Session(bind=op.get_bind()).commit()",
        "conn.begin_nested().commit()",
        "repo.commit('message')",
        'op.execute("ROLLBACK TO SAVEPOINT before")',
        'op.execute("ROLLBACK WORK TO before")',
        'op.execute("SAVEPOINT before")',
        'op.execute("UPDATE commits SET ended = 1")',
        'op.execute("CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN RETURN NEW; END; $$ LANGUAGE plpgsql")',
        'op.execute("DO $$ BEGIN NULL; END $$")',
        'op.add_column("commits", sa.Column("rollback", sa.String))',
        'op.execute(f"COMMIT {x}")',
    ],
)
def test_what_stays_above_the_driver_is_no_commit(tmp_path: Path, line: str) -> None:
    """A Session's commit, of which real directories are full, a savepoint, a word in another place."""
    source = f"""{HEAD}
def upgrade():
    conn = op.get_bind()
    session = Session(bind=conn)
    {line}
"""
    assert write_source(tmp_path / "migrations", source).commits == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("with op.get_context().autocommit_block():", True),
        ("with conn.execution_options(isolation_level='AUTOCOMMIT'):", True),
        ("with op.batch_alter_table('autocommit') as batch:", False),
    ],
)
def test_autocommit_is_seen(tmp_path: Path, line: str, expected: bool) -> None:
    """A revision that leaves its transaction by Alembic's own means is known beforehand."""
    source = f"{HEAD}\ndef upgrade():\n    {line}\n        pass\n"
    assert write_source(tmp_path / "migrations", source).uses_autocommit_block is expected


def test_nothing_runs_and_nothing_is_said(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """Neither the module nor the warnings of its compilation reach the process."""
    source = HEAD + "path = '\\d'\nassert 1 is 1\nraise SystemExit\n"
    assert write_source(tmp_path / "migrations", source).revision == "aaaa"
    assert list(recwarn) == []


def test_a_revision_named_by_its_file(tmp_path: Path) -> None:
    """A file of Alembic 0.1 has no `revision`; Alembic takes the name, and so do we."""
    folder = tmp_path / "migrations"
    assert (
        write_source(folder, "down_revision = None" + BODY, name="ae1027a6acf.py").revision == "ae1027a6acf"
    )
    assert oracle(find_directories(folder)).get_heads() == ["ae1027a6acf"]


def test_a_python_file_that_is_no_revision_is_left_out(tmp_path: Path) -> None:
    """Helpers beside the revisions have no part in the history."""
    folder = environment(tmp_path / "migrations")
    (folder / "versions" / "helpers.py").write_text("def add_default(table):\n    revision = 1\n")
    (folder / "versions" / "__init__.py").write_text("")
    (folder / "versions" / "README.md").write_text("no Python")
    assert read_revisions(find_directories(folder)) == ()


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("revision = make_id()\ndown_revision = None\n", 1, "revision is not a string literal"),
        ("revision = 12\ndown_revision = None\n", 1, "revision is not a string literal"),
        ("from app import revision\ndown_revision = None\n", 1, "revision is not a string literal"),
        ('revision = "aaaa"\ndown_revision = PARENT\n', 2, "down_revision is not a literal"),
        ('revision = "aaaa"\ndown_revision = ("bbbb", None)\n', 2, "down_revision is not a literal"),
        ('revision = "aaaa"\nif 1:\n    down_revision = None\n', 3, "down_revision is not a literal"),
        (HEAD + "depends_on = needed()\n", 3, "depends_on is not a literal"),
        ('revision = "aaaa"\n', 0, "it has a revision but no down_revision"),
        ("down_revision = None\n", 0, "it has a down_revision but no revision"),
    ],
)
def test_identifiers_that_only_running_would_tell(tmp_path: Path, source: str, line: int, says: str) -> None:
    """Are refused, with the line."""
    with pytest.raises(InitError) as raised:
        write_source(tmp_path / "migrations", source)
    assert raised.value.reference == "revision-unparsable"
    assert says in raised.value.context[0]
    assert (f", line {line}:" in raised.value.context[0]) == (line > 0)
