"""What a process, its packages and its environment have that a run would stumble over."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from initdb.doctor import process as process_module
from initdb.doctor.process import gather_process, judge_process
from tests.cli.console import Console
from tests.doctor.examined import examine
from tests.support.toy import Toy


def distribution(folder: Path, name: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata of an installed package, before the real one on the path."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(folder))


def test_an_old_library(console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is not examined: it could not be imported. The fix is what pip is told."""
    distribution(tmp_path / "site", "sqlalchemy", "1.4.54", monkeypatch)
    found = examine(console)
    assert found.problems == [
        "sqlalchemy 1.4.54 is installed; initdb needs 2.0.36 or later.",
        "The rest was not examined, since it needs these packages.",
    ]
    assert found.fix("1.4.54") == "pip install 'sqlalchemy>=2.0.36'"
    monkeypatch.undo()


def test_a_missing_library() -> None:
    """Some ways to install leave dependencies out."""
    usual = gather_process()
    lacking = replace(usual, packages={**usual.packages, "alembic": None})
    (found,) = [one for one in judge_process(lacking) if one.level == "problem"]
    assert (found.text, found.fix) == ("The package alembic is not installed.", "pip install 'alembic>=1.18'")


def test_an_old_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of an old system, which Python uses."""
    monkeypatch.setattr(process_module.sqlite3, "sqlite_version", "3.26.0")
    (found,) = [one for one in judge_process(gather_process()) if one.level == "problem"]
    assert found.text.startswith("Python uses SQLite 3.26.0; initdb needs 3.33 or later")


def test_the_plugin_is_not_installed(
    console: Console, sqlite_toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the source on the path is no installation: Alembic finds no entry point."""
    assert examine(console).says("ok", "autogenerate finds the plugin")
    monkeypatch.setattr(process_module, "entry_points", lambda group: ())
    found = examine(console)
    assert found.says("warning", "Alembic's autogenerate does not find the plugin")
    assert found.fix("does not find the plugin").endswith("pip install initdb-journal")


def test_another_initdb_on_path(
    console: Console, sqlite_toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL's, as in its image; ours, once its folder comes first, is none."""
    theirs, ours = tmp_path / "postgresql" / "initdb", tmp_path / "venv" / "initdb"
    for program, text in ((theirs, "\x7fELF"), (ours, f"#!{sys.executable}\n")):
        program.parent.mkdir()
        program.write_text(text)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{theirs.parent}{os.pathsep}{ours.parent}")
    found = examine(console, PATH=os.environ["PATH"])
    assert found.says("warning", f"Typed alone, initdb means {theirs}, which is another program.")
    monkeypatch.setenv("PATH", f"{ours.parent}{os.pathsep}{theirs.parent}")
    assert not examine(console, PATH=os.environ["PATH"]).says("warning", "Typed alone")


@pytest.mark.parametrize("zone", ["Europe/Berln", "/nowhere/zone"])
def test_an_unknown_time_zone(console: Console, sqlite_toy: Toy, zone: str) -> None:
    """The C library would take UTC without a word. Without the variable, as the fix says, all is well."""
    found = examine(console, TZ=zone)
    assert found.says("warning", f"does not know the time zone TZ={zone}")
    (name, value), *_ = [found.fix("time zone TZ").rpartition("export ")[2].split("=")]
    assert not examine(console, **{name: value}).says("warning", "time zone")


@pytest.mark.parametrize("zone", ["", "UTC", ":UTC", "CET-1CEST", "<+03>-3"])
def test_known_time_zones(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each of the forms of POSIX."""
    monkeypatch.setenv("TZ", zone)
    assert gather_process().zone_known


def test_options_that_the_environment_adds(console: Console, pg: Toy) -> None:
    """PGOPTIONS goes with every connection, also with those of a boot."""
    found = examine(console, PGOPTIONS="-c statement_timeout=5s")
    assert found.says("warning", "PGOPTIONS adds to every connection: -c statement_timeout=5s")
    assert found.fix("PGOPTIONS adds").endswith("unset PGOPTIONS")
    assert not examine(console).says("warning", "PGOPTIONS")
