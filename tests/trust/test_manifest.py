"""A signed manifest: only what is in it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import inspect

from initdb.errors import InitError
from initdb.events.signing import make_key
from initdb.steps.survey.manifest import text_of
from tests.support.toy import Toy, migrated


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Always a file: files are checked before a database is asked."""
    return sqlite_url


@pytest.fixture
def toy(tmp_path: Path, database_url: str) -> Toy:
    """An application with three revisions and a seed, whose manifest is signed and required."""
    toy = migrated(tmp_path / "app", database_url)
    (tmp_path / "key.pub").write_text(make_key(tmp_path / "key.pem"))
    sign(toy, tmp_path)
    toy.options |= {
        "require_manifest": str(tmp_path / "manifest"),
        "manifest_public_key": str(tmp_path / "key.pub"),
    }
    return toy


def sign(toy: Toy, folder: Path) -> None:
    """A manifest of the files as they are."""
    free = Toy(toy.folder, toy.url, options={"schema_from": "migrations"})
    (folder / "manifest").write_text(text_of([free.initializer().site.application], folder / "key.pem"))


def refused(toy: Toy, reference: str) -> InitError:
    """The error, before anything is changed: no file of a database is made."""
    with pytest.raises(InitError) as caught:
        toy.initializer().initialize()
    assert caught.value.reference == reference
    assert not inspect(toy.engine()).get_table_names()
    return caught.value


def test_what_is_signed_runs(toy: Toy, tmp_path: Path) -> None:
    """Wherever it is deployed; the lines are sorted, and say what they are."""
    assert toy.initializer().initialize().success
    lines = [json.loads(line) for line in (tmp_path / "manifest").read_text().splitlines()]
    assert lines[0] == {"initdb-manifest": 1} and list(lines[-1]) == ["seal"]
    named = [(line["kind"], line["name"]) for line in lines[1:-1]]
    assert named == sorted(named)
    assert named[:2] == [("env.py", "env.py"), ("revision", "001_r1.py")]
    toy.folder.rename(tmp_path / "elsewhere")
    assert Toy(tmp_path / "elsewhere", toy.url, options=toy.options).initializer().initialize().success


@pytest.mark.parametrize("which", ["alembic/env.py", "alembic/versions/002_r2.py", "seeds/10_t1.csv"])
def test_a_changed_file(toy: Toy, tmp_path: Path, which: str) -> None:
    """Refused by its name, and run once it is signed."""
    file = toy.folder / which
    file.write_text(file.read_text() + ("# more\n" if which.endswith("py") else "999,another\n"))
    error = refused(toy, "not-in-manifest")
    assert len(error.context) == 1 and str(file) in error.context[0]
    sign(toy, tmp_path)
    assert toy.initializer().initialize().success


def test_added_and_swapped_files(toy: Toy) -> None:
    """A new revision; and an old content under another name: names decide in what order seeds run."""
    toy.revision(4, "    pass")
    assert "004_r4.py" in refused(toy, "not-in-manifest").context[0]
    (toy.migrations / "versions" / "004_r4.py").unlink()
    (toy.seeds / "10_t1.csv").rename(toy.seeds / "05_t1.csv")
    assert "05_t1.csv" in refused(toy, "not-in-manifest").context[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "manifest").unlink(),
        lambda folder: (folder / "key.pub").unlink(),
        lambda folder: (folder / "key.pub").write_text(make_key(folder / "other.pem")),
        lambda folder: _edit(folder / "manifest", lambda lines: [*lines[:1], *lines[2:]]),
        lambda folder: _edit(folder / "manifest", lambda lines: lines[:-1]),
        lambda folder: _edit(folder / "manifest", lambda lines: [*lines, lines[1]]),
        lambda folder: _edit(folder / "manifest", lambda lines: [*lines[:-1], '{"seal": "a:b"}']),
        lambda folder: _edit(folder / "manifest", lambda lines: [*lines[:-1], '{"seal": "ed25519:x:y"}']),
        lambda folder: (folder / "manifest").write_bytes(b"\xff\n" * 9),
    ],
)
def test_a_manifest_that_is_none(toy: Toy, tmp_path: Path, spoil: object) -> None:
    """Missing, of another key, edited, cut off, or something else."""
    assert callable(spoil)
    spoil(tmp_path)
    refused(toy, "manifest-unusable")


def _edit(file: Path, change: object) -> None:
    assert callable(change)
    file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")


def test_without_a_key_there_is_no_trust(toy: Toy) -> None:
    """Whoever can write revisions could write an unsigned manifest as well."""
    del toy.options["manifest_public_key"]
    assert "manifest_public_key" in refused(toy, "manifest-unusable").context[0]


def test_an_env_py_that_chooses_its_folders(toy: Toy, tmp_path: Path) -> None:
    """Its revisions are known once it has run; one that is not signed stops the run before any change."""
    env = toy.migrations / "env.py"
    env.write_text(
        env.read_text().replace(
            "config = context.config\n",
            "config = context.config\nhere = config.get_main_option('script_location')\n"
            "config.set_main_option('version_locations', here + '/versions')\n",
        )
        + "# version_locations\nconfig.version_locations if False else None\n"
    )
    free = Toy(toy.folder, toy.url, options={"schema_from": "migrations"}).initializer()
    assert free.site.application.env_chooses
    free.site.ask_env_py()
    (tmp_path / "manifest").write_text(text_of([free.site.application], tmp_path / "key.pem"))
    (toy.migrations / "versions" / "002_r2.py").write_text(
        (toy.migrations / "versions" / "002_r2.py").read_text() + "# more\n"
    )
    result = toy.initializer().initialize()
    assert not result.success and "not-in-manifest" in result.errors[0]
    assert "t1" not in inspect(toy.engine()).get_table_names()
