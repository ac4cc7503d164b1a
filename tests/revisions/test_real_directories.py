"""Directories that others wrote: Optuna's, and those of Flask-Migrate."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from initdb.steps.revisions.graph import RevisionGraph
from initdb.steps.revisions.locate import find_directories
from initdb.steps.revisions.reading import read_revisions
from tests.revisions.directories import oracle


@pytest.mark.parametrize(
    "way", ["optuna.storages._rdb", "optuna.storages._rdb.alembic", "optuna:storages/_rdb/alembic"]
)
def test_optuna(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten revisions in a package, with an alembic.ini beside whose script_location is relative."""
    monkeypatch.chdir(tmp_path)
    place = find_directories(way)
    assert place.ini == place.script_location.parent / "alembic.ini"
    graph = RevisionGraph.of(read_revisions(place))
    graph.check()
    script = oracle(place)
    steps = [step.revision.revision for step in script._upgrade_revs("heads", ())]
    assert list(graph.pending(())) == steps
    assert len(steps) == 10
    assert list(graph.heads) == script.get_heads()
    assert all(file.has_downgrade and file.labels == () and not file.commits for file in graph.files.values())


@pytest.mark.parametrize("multidb", [False, True])
def test_flask_migrate(multidb: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of its layouts, as `flask db init` and `flask db revision` make them."""
    monkeypatch.chdir(tmp_path)
    app = Flask(__name__, instance_path=str(tmp_path))
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///one.db"
    app.config["SQLALCHEMY_BINDS"] = {"second": "sqlite:///two.db"}
    flask_migrate.Migrate(app, SQLAlchemy(app))
    with app.app_context():
        flask_migrate.init(multidb=multidb)
        flask_migrate.revision(message="first")
        flask_migrate.revision(message="second")
    place = find_directories("migrations")
    assert place.script_location == tmp_path / "migrations"
    assert place.ini == tmp_path / "migrations" / "alembic.ini"
    graph = RevisionGraph.of(read_revisions(place))
    graph.check()
    config = Config("migrations/alembic.ini")
    config.set_main_option("script_location", "migrations")
    script = ScriptDirectory.from_config(config)
    assert list(graph.heads) == script.get_heads()
    assert [graph.files[revision].doc for revision in graph.pending(())] == ["first", "second"]
    assert all(file.has_downgrade for file in graph.files.values())
