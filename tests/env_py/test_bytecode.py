"""What runs is the source that was hashed: no compiled cache stands for it, and no file that came later."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import py_compile
from pathlib import Path

import pytest

from initdb.settings import load_settings
from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from initdb.steps import seed
from tests.env_py.project import Project, project


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def poison(path: Path, code: str, *, into: Path | None = None) -> None:
    """Put compiled code beside a source, which Python believes: it names the source's time and size."""
    kept = into or Path(importlib.util.cache_from_source(str(path)))
    kept.parent.mkdir(exist_ok=True)
    source, before = path.read_bytes(), path.stat()
    path.write_bytes(code.encode().ljust(len(source), b"\n"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    py_compile.compile(str(path), str(kept), doraise=True)
    path.write_bytes(source)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def made(tmp_path: Path, database_url: str) -> Project:
    """Two revisions."""
    return project(tmp_path, database_url)


@pytest.mark.parametrize("what", ["env.py", "revision"])
def test_a_poisoned_cache_does_not_run(made: Project, what: str) -> None:
    """The file beside it runs, and its hash is what the journal says."""
    path = made.migrations / "env.py"
    if what == "revision":
        path = next((made.migrations / "versions").glob("*r1*.py"))
    poison(path, "raise RuntimeError('poison')")
    assert made.initializer().initialize().success
    assert made.applied() == ["r1", "r2"]
    env_py = _digest(made.migrations / "env.py")
    for entry in made.events("migration_applied"):
        assert entry.data["env_py"] == env_py
        assert entry.data["digest"] == _digest(made.migrations / "versions" / str(entry.data["file"]))


def test_a_rollback_names_the_env_py_too(made: Project) -> None:
    """It has run then as well."""
    assert made.initializer().initialize().success
    env_py = made.migrations / "env.py"
    env_py.write_text(env_py.read_text() + "\n# edited since\n")
    assert made.initializer().attend(orders.roll_back(None)).ending == "done"
    (entry,) = made.events("migration_reverted")
    assert entry.data["env_py"] == _digest(made.migrations / "env.py")


def test_a_cache_stands_for_no_missing_env_py(made: Project) -> None:
    """Alembic runs the compiled file where there is no source."""
    env_py = made.migrations / "env.py"
    py_compile.compile(str(env_py), importlib.util.cache_from_source(str(env_py)), doraise=True)
    process = made.initializer()
    env_py.unlink()
    result = process.initialize()
    assert not result.success and "env-py-failed" in result.errors[0]


@pytest.mark.parametrize("what", ["env.py", "revision"])
def test_a_file_that_is_exchanged_meanwhile_does_not_run(made: Project, what: str) -> None:
    """It was hashed when the process began, and is another one when it is to run."""
    path = made.migrations / "env.py"
    if what == "revision":
        path = next((made.migrations / "versions").glob("*r2*.py"))
    process = made.initializer()
    assert process.site.application.env_py
    path.write_text(path.read_text() + "\nraise RuntimeError('it ran')\n")
    result = process.initialize()
    assert (
        not result.success and "file-changed-meanwhile" in result.errors[0] and str(path) in result.errors[0]
    )
    assert made.applied() == []


def test_the_files_are_read_once(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is exchanged between the hash and the run cannot run under the other's hash."""
    from initdb.loading import fresh

    path = next((made.migrations / "versions").glob("*r2*.py"))
    good, real = path.read_text(), fresh._checked

    def checked(data: bytes, check: fresh.Check) -> str:
        digest = real(data, check)
        if data == good.encode():
            path.write_text(good + "\nraise RuntimeError('it ran')\n")
        return digest

    monkeypatch.setattr(fresh, "_checked", checked)
    assert made.initializer().initialize().success
    last = made.events("migration_applied")[-1]
    assert last.data["digest"] == hashlib.sha256(good.encode()).hexdigest()
    assert "it ran" in path.read_text()


def test_compiled_revisions_run_where_there_is_no_source(made: Project) -> None:
    """With `sourceless = true` the compiled file is the revision, and its hash is the journal's."""
    versions = made.migrations / "versions"
    for path in sorted(versions.glob("*.py")):
        py_compile.compile(str(path), str(path.with_suffix(".pyc")), doraise=True)
        path.unlink()
    (made.folder / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/alembic\nsourceless = true\n"
    )
    made.given = made.folder / "alembic.ini"
    assert made.initializer().initialize().success
    assert made.applied() == ["r1", "r2"]
    for entry in made.events("migration_applied"):
        assert entry.data["digest"] == _digest(versions / str(entry.data["file"]))


def test_a_revision_knows_itself(made: Project) -> None:
    """Its module has what Python's import gives it, so that its own code and a traceback find the source."""
    path = next((made.migrations / "versions").glob("*r1*.py"))
    seen = made.folder / "seen"
    path.write_text(
        path.read_text() + "\nimport inspect, linecache, sys\n"
        f"open({str(seen)!r}, 'w').write(repr([__file__, __name__, __spec__.origin,"
        " len(__loader__.get_source(__name__)), inspect.getsource(upgrade)[:4], __name__ in sys.modules]))\n"
    )
    assert made.initializer().initialize().success
    name = path.name.replace(".", "_").replace("-", "_")
    assert seen.read_text() == repr([str(path), name, str(path), len(path.read_text()), "def ", False])


SEED = "def rows():\n    yield {'id': 9, 'name': 'source'}\n"


@pytest.mark.parametrize("how", ["file", "module:function"])
def test_a_seed_runs_from_its_source(tmp_path: Path, sqlite_url: str, how: str) -> None:
    """A cache beside it does not, nor where its module is imported by name."""
    made, name = project(tmp_path, sqlite_url), f"seed_{os.getpid()}_{len(how)}"
    path, body = tmp_path / "seeds" / "01_t1.py", SEED
    made.options["seeds"] = "seeds"
    if how == "module:function":
        path, body = tmp_path / f"{name}.py", f"from initdb import seed\n@seed(table='t1', key='id')\n{SEED}"
        made.options["seeds"] = f"{name}:rows"
    path.parent.mkdir(exist_ok=True)
    path.write_text(body)
    poison(path, body.replace("source", "poison"))
    settings = {"database_url": sqlite_url, "migrations": "alembic", **made.options}
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    (tmp_path / "initdb.toml").write_text("".join(lines))
    assert Initializer(settings=load_settings(folder=tmp_path, environ={}), name="toy").initialize().success
    assert made.sql("SELECT name FROM t1 WHERE id = 9") == [("source",)]


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_seed_rows_that_are_exchanged_meanwhile_are_not_applied(
    tmp_path: Path, sqlite_url: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program writes the file after its hash was compared, and before it is read."""
    made, path = project(tmp_path, sqlite_url), tmp_path / "seeds" / f"01_t1.{suffix}"
    good = "id,name\n9,good\n" if suffix == "csv" else '[{"id": 9, "name": "good"}]'
    path.parent.mkdir()
    path.write_text(good)

    def compared(source: object) -> None:
        path.write_text(good.replace("good", "evil"))

    monkeypatch.setattr(seed, "refuse_changed", compared)
    settings = load_settings(folder=tmp_path, environ={}, options={"database_url": sqlite_url})
    result = Initializer(
        settings=settings, migrations=made.migrations, seeds=path.parent, name="toy"
    ).initialize()
    assert not result.success and "has changed since this run began" in result.errors[0]
    assert made.sql("SELECT name FROM t1 WHERE id = 9") == []
