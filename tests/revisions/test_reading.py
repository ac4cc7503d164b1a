"""Which files are read, and in which order: those that Alembic loads, as it lists them."""

from __future__ import annotations

import compileall
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.steps.revisions.locate import MigrationPlace, find_directories
from initdb.steps.revisions.reading import content_digest, list_files, read_revisions
from tests.revisions.directories import Node, environment, oracle, write

THREE = (Node("cccc", labels=("late",)), Node("aaaa", ("cccc",)), Node("bbbb", ("aaaa",), ("cccc",)))


def as_alembic(place: MigrationPlace) -> list[str]:
    """Identifiers in the order in which Alembic loads them."""
    return [script.revision for script in oracle(place)._load_revisions()]


def test_files_come_in_alembics_order(tmp_path: Path) -> None:
    """By file name, whatever follows what."""
    place = write(tmp_path / "migrations", *THREE)
    assert [file.revision for file in read_revisions(place)] == as_alembic(place) == ["aaaa", "bbbb", "cccc"]


def test_no_versions_folder_is_no_revisions(tmp_path: Path) -> None:
    """A directory fresh from `alembic init` in a repository that keeps no empty folders."""
    folder = environment(tmp_path / "migrations")
    (folder / "versions").rmdir()
    assert read_revisions(find_directories(folder)) == ()


def test_a_folder_that_cannot_be_listed_is_not_taken_for_empty(tmp_path: Path) -> None:
    """Alembic would find no revisions, and the database would seem to be ahead of them."""
    place = write(tmp_path / "migrations", *THREE)
    place = replace(place, version_locations=(tmp_path / ("x" * 300),))
    with pytest.raises(InitError) as raised:
        read_revisions(place)
    assert raised.value.reference == "migrations-not-found"
    assert "cannot be listed: File name too long" in raised.value.context[0]


@pytest.mark.parametrize("recursive", [True, False])
def test_inner_folders_are_read_where_asked_for(tmp_path: Path, recursive: bool) -> None:
    """With `recursive_version_locations`, in Alembic's order, without caches."""
    place = write(tmp_path / "migrations", *THREE)
    versions = place.version_locations[0]
    for folder in ("2024/10", "2024/02", "2024/__pycache__"):
        (versions / folder).mkdir(parents=True)
    shutil.move(versions / "aaaa.py", versions / "2024" / "10")
    shutil.move(versions / "bbbb.py", versions / "2024" / "02")
    (versions / "2024" / "__pycache__" / "dddd.py").write_text(Node("dddd").text())
    place = replace(place, recursive=recursive)
    expected = as_alembic(place) if recursive else ["cccc"]
    assert [file.revision for file in read_revisions(place)] == expected


def test_locations_are_read_one_after_the_other_and_a_file_once(tmp_path: Path) -> None:
    """The same file by a link, or a location named twice, counts once."""
    place = write(tmp_path / "migrations", *THREE[:2])
    second = tmp_path / "second"
    second.mkdir()
    (second / "aa.py").write_text(THREE[2].text())
    (second / "link.py").symlink_to(place.version_locations[0] / "aaaa.py")
    place = replace(place, version_locations=(second, place.version_locations[0], second))
    with pytest.warns(UserWarning, match="loaded twice"):
        expected = as_alembic(place)
    assert [file.revision for file in read_revisions(place)] == expected == ["bbbb", "aaaa", "cccc"]


def test_bytecode_is_read_only_where_asked_for(tmp_path: Path) -> None:
    """A compiled revision without its source counts with `sourceless = true` only, and is not run."""
    place = write(tmp_path / "migrations", *THREE)
    versions = place.version_locations[0]
    expected = read_revisions(place)
    compileall.compile_dir(versions, legacy=True, quiet=2)
    for source in versions.glob("*.py"):
        source.unlink()
    assert read_revisions(place) == ()
    place = replace(place, sourceless=True)
    facts = [replace(file, path=Path(), digest="") for file in read_revisions(place)]
    assert facts == [replace(file, path=Path(), digest="") for file in expected]
    assert [file.revision for file in expected] == as_alembic(place)


def test_bytecode_in_the_cache_stands_in_for_a_missing_source(tmp_path: Path) -> None:
    """As Alembic takes it, and beside a source that is there it does not count."""
    place = replace(write(tmp_path / "migrations", *THREE), sourceless=True)
    versions = place.version_locations[0]
    compileall.compile_dir(versions, quiet=2)
    (versions / "aaaa.py").unlink()
    assert (
        {file.revision for file in read_revisions(place)}
        == set(as_alembic(place))
        == {"aaaa", "bbbb", "cccc"}
    )


@pytest.mark.parametrize("data", [b"", b"not bytecode at all", "cut", "text"])
def test_damaged_bytecode(tmp_path: Path, data: bytes | str) -> None:
    """Of another Python, cut off, or no code at all."""
    place = replace(write(tmp_path / "migrations", Node("aaaa")), sourceless=True)
    versions = place.version_locations[0]
    compileall.compile_dir(versions, legacy=True, quiet=2)
    (versions / "aaaa.py").unlink()
    compiled = (versions / "aaaa.pyc").read_bytes()
    if data == "cut":
        data = compiled[:40]
    elif data == "text":
        data = compiled[:16] + b"N"
    assert isinstance(data, bytes)
    (versions / "aaaa.pyc").write_bytes(data)
    with pytest.raises(InitError) as raised:
        read_revisions(place)
    assert raised.value.reference == "revision-unparsable"


def test_the_content_digest_notices_every_change_without_parsing(tmp_path: Path) -> None:
    """An edit, a new name, a new file and a removal; not the clock, and no syntax."""
    place = write(tmp_path / "migrations", *THREE)
    versions = place.version_locations[0]
    seen = [content_digest(place)]
    (versions / "aaaa.py").touch()
    assert content_digest(place) == seen[0]
    for change in (
        lambda: (versions / "aaaa.py").write_text("def ("),
        lambda: (versions / "aaaa.py").rename(versions / "renamed.py"),
        lambda: (versions / "new.py").write_text("x = 1"),
        (versions / "cccc.py").unlink,
    ):
        change()
        seen.append(content_digest(place))
    assert len(set(seen)) == len(seen)
    assert [path.name for path in list_files(place)] == ["bbbb.py", "new.py", "renamed.py"]
