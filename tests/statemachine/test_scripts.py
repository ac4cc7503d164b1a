"""What a plan says of its revisions beside their names: marks, and what becomes of them when interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from initdb.statemachine.decide.plan import Intent, Plan
from initdb.statemachine.decide.scripts import Printed, with_scripts
from initdb.steps.effects.schema import Present
from initdb.steps.effects.script import Script, Sql
from initdb.steps.revisions.revision_file import RevisionFile

PLAN = Plan((Intent("migrate", "r1", "why"), Intent("seed", "r1"), Intent("migrate", "r2")))
PRESENT = Present({(None, "a"), (None, "b")})


def _file(revision: str, **values: Any) -> RevisionFile:
    return RevisionFile(revision, (), (), (), Path(f"{revision}.py"), "d", **values)


def _marks(database: str = "postgresql", **values: Any) -> list[list[str]]:
    found = with_scripts(PLAN, Printed(database, present=PRESENT, **values))
    assert found.intents[1] == PLAN.intents[1], "a seed is left as it is"
    return [[mark.text for mark in found.intents[at].marks] for at in (0, 2)]


def test_each_revision_has_its_own_marks() -> None:
    """The second one knows what the first one did."""
    scripts = {
        "r1": Script("r1", (Sql("ALTER TABLE a RENAME TO c"), Sql("DROP TABLE b"))),
        "r2": Script("r2", (Sql("DROP TABLE c"), Sql("DELETE FROM b"))),
    }
    assert _marks(scripts=scripts) == [
        ["drops table b with its rows"],
        ["drops table c with its rows"],
    ]


def test_version_rows_have_no_marks() -> None:
    """Alembic moves them, the revision does not."""
    script = Script("r1", version=("DELETE FROM a",))
    assert _marks(scripts={"r1": script}) == [[], []]


def test_what_cannot_be_printed_is_read_in_its_source() -> None:
    """Beside what it sent before it stopped; and each thing once."""
    scripts = {"r1": Script("r1", (Sql("DROP TABLE a"),), refused="it reads the database")}
    sources = {"r1": b"op.drop_table('a')\nop.execute('DELETE FROM b')", "r2": b"op.drop_table('b')"}
    assert _marks(scripts=scripts, sources=sources) == [
        ["drops table a with its rows", "deletes every row of b"],
        ["drops table b with its rows"],
    ]


SOURCE = b"with op.batch_alter_table('a') as b:\n  b.drop_column('c')"


def test_batch_mode_rebuilds_on_sqlite() -> None:
    """Where it could not be printed; only tables that are there."""
    drops, rebuilds = (
        "drops column a.c with its values",
        "rebuilds a; every row is copied, and writes to the file wait",
    )
    refused = {"r1": Script("r1", refused="batch mode")}
    assert _marks("sqlite", scripts=refused, sources={"r1": SOURCE}) == [[drops, rebuilds], []]
    assert _marks("postgresql", scripts=refused, sources={"r1": SOURCE}) == [[drops], []]
    two = SOURCE + b"\nwith op.batch_alter_table('b') as c:\n  c.alter_column('d')"
    found = _marks("sqlite", scripts=refused, sources={"r1": two})
    assert found == [[drops, rebuilds.replace("a;", "a, b;")], []]
    other = SOURCE.replace(b"'a'", b"'z'")
    assert _marks("sqlite", scripts=refused, sources={"r1": other}) == [[], []]


LEAVES = "why; leaves its transaction; if interrupted"


@pytest.mark.parametrize(
    ("database", "script", "source", "note"),
    [
        ("postgresql", None, b"", f"{LEAVES}, the next boot finds out how far it came, or asks a person"),
        (
            "postgresql",
            Script("r1", refused="it reads"),
            b"",
            f"{LEAVES}, the next boot finds out how far it came, or asks a person",
        ),
        (
            "postgresql",
            Script("r1", (Sql("CREATE INDEX CONCURRENTLY ix ON a (b)", True), Sql("SELECT 1"))),
            b"",
            f"{LEAVES}, the next boot finds out how far it came",
        ),
        (
            "postgresql",
            Script("r1", (Sql("VACUUM a", True), Sql("UPDATE  a\nSET b = 1", True))),
            b"",
            f"{LEAVES} in this statement, a person is asked: UPDATE a SET b = 1",
        ),
        (
            "sqlite",
            Script("r1", (Sql("CREATE INDEX ix ON a (b)", True),)),
            b"",
            f"{LEAVES} in this statement, a person is asked: CREATE INDEX ix ON a (b)",
        ),
        (
            "postgresql",
            Script("r1", (Sql("VACUUM a", True),)),
            b"op.get_bind().connection.cursor()",
            f"{LEAVES}, a person is asked",
        ),
        ("postgresql", Script("r1"), b"", f"{LEAVES}, a person is asked"),
    ],
)
def test_a_revision_that_leaves_its_transaction(
    database: str, script: Script | None, source: bytes, note: str
) -> None:
    """A person is asked only about what the next boot cannot find out."""
    scripts = {"r1": script} if script else {}
    files = {"r1": _file("r1", uses_autocommit_block=True), "r2": _file("r2")}
    found = with_scripts(PLAN, Printed(database, scripts, files, {"r1": source}, PRESENT))
    assert found.intents[0].note == note
    assert found.intents[2].note == ""
