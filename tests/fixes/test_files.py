"""The file of a SQLite database, and its disk."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import set_to
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.toy import Toy


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Always a file: `app.db` in the folder."""
    return sqlite_url


@fixes("folder-missing")
def test_no_folder(person: Person, toy: Toy) -> None:
    """It is made as printed, also with a blank in its name."""
    set_to(person, "database_url", '"sqlite:///the data/2026/app.db"')
    person.fails("initdb run", "folder-missing")
    assert f"install -d -o root -m 700 '{person.folder}/the data/2026'" in person.error
    person.follows("mkdir -p", "initdb run")
    assert (person.folder / "the data" / "2026" / "app.db").exists()


@fixes("folder-missing")
def test_no_folder_of_the_options(person: Person) -> None:
    """Where the URL was an option, the next command has it too."""
    person.fails("initdb run --database-url sqlite:///data/app.db", "folder-missing")
    person.follows("install -d", "initdb run")
    assert (person.folder / "data" / "app.db").exists() and not (person.folder / "initdb.db").exists()


@fixes("database-is-a-folder")
def test_a_folder(person: Person, toy: Toy) -> None:
    """The URL that is printed names a file in it."""
    (person.folder / "app.db").mkdir()
    person.fails("initdb run", "database-is-a-folder")
    person.looks()
    url, then = person.printed("such as sqlite:///"), person.printed("initdb run")
    set_to(person, "database_url", json.dumps(url.removeprefix("such as ")))
    person.runs(then)
    assert (person.folder / "app.db" / "app.db").is_file()


@fixes("not-a-database")
def test_another_file(person: Person, toy: Toy) -> None:
    """It is moved away as printed, and not lost."""
    (person.folder / "app.db").write_text("a list of things to do, " * 99)
    person.fails("initdb run", "not-a-database")
    assert "ASCII text" in person.looks()[0].stdout
    person.follows("mv ", "initdb run")
    assert "to do" in (person.folder / "app.db.moved").read_text()


@fixes("database-corrupt")
def test_a_damaged_file(person: Person, toy: Toy) -> None:
    """What can be read is put into a new file as the page says; it takes the place of the old one."""
    toy.with_seeds(2000)
    person.runs("initdb run")
    person.runs("sqlite3 app.db 'PRAGMA wal_checkpoint(TRUNCATE)'")
    ((page,),) = toy.sql("SELECT rootpage FROM sqlite_schema WHERE name = 't1'")
    ((size,),) = toy.sql("PRAGMA page_size")
    with (person.folder / "app.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 40)
    toy.revision(4, "    op.execute('UPDATE t1 SET name = upper(name)')")
    person.fails("initdb run", "database-corrupt")
    page_of = person.runs(person.printed("initdb explain")).stdout
    rescue = [line.strip() for line in page_of.splitlines() if "recovered.db" in line]
    for command in rescue:
        person.runs(command.replace("DBFILE", "app.db"))
    (person.folder / "recovered.db").replace(person.folder / "app.db")
    person.runs("initdb journal verify")
    person.follows("initdb resume")


@pytest.fixture
def disk(person: Person) -> Iterator[SmallDisk]:
    """A small one, below the folder."""
    with small_disk(person.folder / "disk", 2) as disk:
        yield disk


@fixes("disk-full")
def test_a_full_disk(person: Person, toy: Toy, disk: SmallDisk) -> None:
    """Once there is room, what is printed goes on."""
    set_to(person, "database_url", '"sqlite:///disk/app.db"')
    person.runs("initdb run")
    toy.tables = 4
    toy.with_revisions()
    much = "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
    toy.revision(4, f"    op.execute('{much} INSERT INTO t1 SELECT i + 900, ''no room'' || i FROM n')")
    disk.fill(20000)
    person.fails("initdb run --wait-limit 0", "disk-full")
    assert any("100%" in one.stdout for one in person.looks())
    disk.free()
    toy.revision(4, "    pass")
    person.follows("initdb resume")


@fixes("read-only-database")
def test_a_disk_that_cannot_be_written(person: Person, toy: Toy, disk: SmallDisk) -> None:
    """It is mounted again as printed."""
    set_to(person, "database_url", '"sqlite:///disk/app.db"')
    disk.allow(writing=False)
    person.fails("initdb run --wait-limit 0", "read-only-database")
    assert "ro," in person.looks()[0].stdout
    person.follows("mount -o", "initdb run")


@fixes("disk-error")
def test_a_disk_that_fails(person: Person, toy: Toy) -> None:
    """It does not sync (strace sees to that); the failure is kept until a person says that it works."""
    strace = "strace -qq -f -o strace.txt -e trace=fdatasync -e inject=fdatasync:error=EIO:when=9+"
    person.meets(person.shell(f"{strace} initdb run"), "disk-error")
    person.looks()
    person.follows("initdb resume")
