"""Revision files that cannot be read, and histories that make no sense. No database is asked."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import set_to
from tests.support.toy import Toy

INI = "[alembic]\nscript_location = alembic\n"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Always a file."""
    return sqlite_url


@pytest.fixture
def committed(person: Person, ready: Toy) -> Toy:
    """An application that is ready; its folder is a repository with one commit."""
    ours = ".gitignore app.db* initdb.toml"
    (person.folder / ".gitignore").write_text("\n".join(ours.split()))
    who = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    person.environ |= who
    person.runs("git init -q && git add -A && git commit -qm all")
    return ready


def file_of(toy: Toy, number: int) -> Path:
    """The file of revision r<number>."""
    return toy.migrations / "versions" / f"{number:03d}_r{number}.py"


@fixes("revision-unparsable")
def test_a_file_with_conflict_markers(person: Person, committed: Toy) -> None:
    """Python and git name the line; the file is restored, and what is printed goes on."""
    file = file_of(committed, 3)
    before = file.read_text()
    file.write_text("<<<<<<< ours\n" + before)
    person.fails("initdb run", "revision-unparsable")
    assert "line 1" in person.type(person.printed("python -m py_compile")).stderr
    assert "conflict marker" in person.type(person.printed("git diff")).stdout
    file.write_text(before)
    person.follows("initdb resume")


@pytest.mark.parametrize("way", ["restored", "accepted"])
@pytest.mark.parametrize(
    "reference",
    [
        pytest.param("revision-changed", marks=fixes("revision-changed")),
        pytest.param("files-edited", marks=fixes("files-edited")),
    ],
)
def test_an_edited_file(person: Person, committed: Toy, reference: str, way: str) -> None:
    """Another one is pending, or the setting makes it a failure. It is restored, or accepted as printed."""
    file = file_of(committed, 2)
    before = file.read_text()
    file.write_text(before + "# better\n")
    if reference == "files-edited":
        set_to(person, "when_edited", '"fail"')
    else:
        committed.revision(4, "    pass")
    person.fails("initdb run", reference)
    assert "+# better" in person.looks()[0].stdout
    printed = ("initdb run", "initdb resume")[reference == "revision-changed"]
    command = person.printed("initdb resume --accept-edited" if way == "accepted" else f"{printed};")
    if way == "restored":
        file.write_text(before)
    person.runs(command)
    person.runs("initdb run")


@fixes("revision-missing")
def test_a_file_that_is_gone(person: Person, committed: Toy) -> None:
    """It is followed by another one; git has it."""
    file = file_of(committed, 2)
    file.unlink()
    person.fails("initdb run", "revision-missing")
    person.runs("git commit -qam 'Squash'")
    found = person.runs(person.printed("git log --diff-filter=D"))
    commit = found.stdout.split()[1]
    person.runs(f"git checkout {commit}^ -- {shlex.quote(str(file))}")
    person.follows("initdb resume")


@fixes("revision-duplicate")
def test_a_copy(person: Person, committed: Toy) -> None:
    """The copy is deleted."""
    copy = file_of(committed, 3).with_name("004_copy.py")
    copy.write_text(file_of(committed, 3).read_text())
    person.fails("initdb run", "revision-duplicate")
    assert "all" in person.looks()[0].stdout
    copy.unlink()
    person.follows("initdb resume")


@fixes("multiple-heads")
def test_two_heads(person: Person, ready: Toy) -> None:
    """Alembic joins them as printed: the ini file is where one stands."""
    (person.folder / "alembic.ini").write_text(INI)
    (ready.migrations / "script.py.mako").write_text(MAKO)
    ready.revision(4, "    pass")
    other = ready.revision(5, "    pass")
    other.write_text(other.read_text().replace("'r4'", "'r3'"))
    person.fails("initdb run", "multiple-heads")
    assert "(head)" in person.looks()[0].stdout
    person.follows("alembic merge heads", "initdb resume")


MAKO = '''"""${message}"""
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    pass
'''


@fixes("broken-history")
def test_a_circle(person: Person, ready: Toy) -> None:
    """down_revision is corrected."""
    file = file_of(ready, 1)
    before = file.read_text()
    file.write_text(before.replace("down_revision = None", "down_revision = 'r3'"))
    person.fails("initdb run", "broken-history")
    file.write_text(before)
    person.follows("initdb resume")


@fixes("no-such-revision")
def test_a_name_that_no_revision_has(person: Person, ready: Toy) -> None:
    """The list that is printed has the name."""
    (person.folder / "alembic.ini").write_text(INI)
    person.fails("initdb rollback --yes --to r9", "no-such-revision")
    assert "r1 -> r2" in person.follows("alembic history").stdout
    person.looks()
    person.runs("initdb rollback --yes --to r2")
