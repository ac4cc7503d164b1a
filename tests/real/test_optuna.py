"""Optuna's unchanged env.py and ten revisions, from an empty database to one that Optuna itself uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from alembic import command
from alembic.config import Config
from optuna.storages._rdb import models
from sqlalchemy import MetaData

from initdb.events.entry import Entry
from initdb.settings import load_settings
from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.loop.foresee import foresee
from initdb.statemachine.site import Watcher
from tests.env_py.conftest import plain_url
from tests.env_py.project import state
from tests.model.plans import agrees
from tests.support.crash import killed_after
from tests.support.toy import Toy

__all__ = ["plain_url"]

FOLDER = Path(models.__file__).parent
REVISIONS = [
    "v0.9.0.a",
    "v1.2.0.a",
    "v1.3.0.a",
    "v2.4.0.a",
    "v2.6.0.a",
    "v3.0.0.a",
    "v3.0.0.b",
    "v3.0.0.c",
    "v3.0.0.d",
    "v3.2.0.a",
]
CONSTRAINTS = ("CONSTRAINT", "PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK")


class Storage(Toy):
    """Optuna's tables on a database, by its own migrations, and where wanted with its models as well."""

    models: MetaData | None = None

    def initializer(self, watch: Callable[[Entry], None] | None = None, **options: Any) -> Initializer:
        options = {"database_url": self.url, "schema_from": "migrations", **self.options, **options}
        return Initializer(
            metadata=self.models,
            migrations="optuna.storages._rdb",
            name="optuna",
            settings=load_settings(folder=self.folder, environ={}, options=options),
            watcher=Watcher(entry=watch) if watch else None,
        )

    def applied(self) -> list[str]:
        """The revisions whose events the journal has, in order."""
        events = self.initializer().entries()
        return [str(entry.data["revision"]) for entry in events if entry.type == "migration_applied"]


@pytest.fixture
def storage(tmp_path: Path, database_url: str) -> Storage:
    """An empty database."""
    return Storage(tmp_path, database_url)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Optuna logs each trial."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(level)


def plain(url: str, to: str = "heads") -> None:
    """`alembic upgrade`, as Optuna's own command does it."""
    config = Config(str(FOLDER / "alembic.ini"))
    config.set_main_option("script_location", str(FOLDER / "alembic"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, to)


def schema(url: str) -> dict[str, Any]:
    """The picture of a database, constraints sorted: batch mode leaves their order to chance."""
    found = state(url)
    if "schema" in found:
        found["schema"] = [(*row[:3], _in_order(row[3] or "")) for row in found["schema"]]
    return found


def _in_order(statement: str) -> list[str]:
    lines = [line.strip(" \t,") for line in statement.splitlines()]
    columns = [line for line in lines if not line.startswith(CONSTRAINTS)]
    return columns + sorted(line for line in lines if line.startswith(CONSTRAINTS))


def ready(storage: Storage, reference: str) -> None:
    """It becomes ready with one event a revision, and equals what plain Alembic makes from empty."""
    result = storage.initializer().initialize()
    assert result.success, result.errors
    assert storage.applied() == REVISIONS
    plain(reference)
    assert schema(storage.url) == schema(reference)


def used_by_optuna(url: str) -> None:
    """A study of three trials, seen again by another process's storage."""
    study = optuna.create_study(storage=url, study_name="shop", direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=3)
    loaded = optuna.load_study(study_name="shop", storage=url)
    assert [trial.state.name for trial in loaded.trials] == ["COMPLETE"] * 3
    assert loaded.best_value == study.best_value


def test_from_empty_to_what_plain_alembic_makes(storage: Storage, plain_url: str) -> None:
    """By its own env.py, one event a revision; a second boot writes nothing; Optuna can use it."""
    ready(storage, plain_url)
    before = storage.types()
    assert before == [
        "journal_created",
        "run_started",
        "database_inspected",
        *["migration_applied"] * len(REVISIONS),
        "health_validated",
    ]
    assert storage.initializer().initialize().success
    assert storage.types() == before
    used_by_optuna(storage.url)


def test_killed_after_every_revision(storage: Storage, plain_url: str) -> None:
    """Each revision in a process of its own: what Alembic remembered of enum types is remembered for it."""
    for _ in REVISIONS:
        killed_after(storage, "migration_applied")
    ready(storage, plain_url)


@pytest.mark.parametrize("count", [1, 3, 7])
def test_killed_after_one_of_the_revisions(storage: Storage, plain_url: str, count: int) -> None:
    """The next boot goes on where it was interrupted, and nothing is applied twice."""
    killed_after(storage, "migration_applied", count)
    assert storage.applied() == REVISIONS[:count]
    ready(storage, plain_url)


def test_the_models_beside_the_migrations(storage: Storage, plain_url: str) -> None:
    """Its revisions never make one of its tables: with the revisions as the authority that is a warning."""
    storage.models = models.BaseModel.metadata
    result = storage.initializer().initialize()
    assert result.success, result.errors
    assert any("trial_heartbeats" in warning for warning in result.warnings)
    plain(plain_url)
    assert schema(storage.url) == schema(plain_url)
    used_by_optuna(storage.url)
    assert storage.initializer().initialize().success


def test_the_models_as_the_authority(storage: Storage) -> None:
    """Made from its models and stamped, as Optuna itself does it on an empty database."""
    storage.models = models.BaseModel.metadata
    storage.options["schema_from"] = "models"
    result = storage.initializer().initialize()
    assert result.success, result.errors
    assert storage.sql("SELECT version_num FROM alembic_version") == [(REVISIONS[-1],)]
    used_by_optuna(storage.url)


def test_a_database_that_optuna_made(storage: Storage) -> None:
    """Already at the head by its own means: nothing is applied."""
    used_by_optuna(storage.url)
    result = storage.initializer().initialize()
    assert result.success, result.errors
    assert storage.applied() == []
    assert optuna.load_study(study_name="shop", storage=storage.url).trials


def test_a_database_of_an_older_optuna(storage: Storage, plain_url: str) -> None:
    """Brought on from where plain Alembic left it."""
    plain(storage.url, "v2.4.0.a")
    result = storage.initializer().initialize()
    assert result.success, result.errors
    assert storage.applied() == REVISIONS[REVISIONS.index("v2.4.0.a") + 1 :]
    plain(plain_url, "v2.4.0.a")
    plain(plain_url)
    assert schema(storage.url) == schema(plain_url)


def test_a_rollback_of_its_newest_revision(storage: Storage, plain_url: str) -> None:
    """Reverted, held, released, and applied again."""
    assert storage.initializer().initialize().success
    outcome = storage.initializer().attend(orders.roll_back(None))
    assert outcome.ending == "done", outcome.error
    plain(plain_url, "v3.0.0.d")
    assert schema(storage.url) == schema(plain_url)
    storage.initializer().attend(orders.release([]))
    assert storage.initializer().initialize().success
    plain(plain_url)
    assert schema(storage.url) == schema(plain_url)


def test_a_plan_of_half_of_it(storage: Storage) -> None:
    """It writes nothing, marks what is lost and rebuilt, prints what it can, and the run then does it."""
    plain(storage.url, "v1.3.0.a")
    before = schema(storage.url)
    seen = foresee(storage.initializer().site, printing=True)
    assert schema(storage.url) == before
    steps = {one.subject: one for one in seen.plan.intents}
    assert list(steps)[:-1] == REVISIONS[3:]
    assert {
        "drops column studies.direction with its values",
        "drops column trial_values.step with its values",
        "drops column trials.value with its values",
    } <= {mark.text for mark in steps["v2.4.0.a"].marks}
    blocks = [mark.text for mark in steps["v2.6.0.a"].marks if mark.kind == "blocks"]
    index = [mark.text for mark in steps["v3.2.0.a"].marks]
    if storage.url.startswith("sqlite"):
        assert blocks[0].startswith("rebuilds study_user_attributes, study_system_attributes, ")
        assert index == []
    else:
        assert index == ["builds index trials_study_id_key; writes to trials wait"]
    reads, last = steps["v3.0.0.a"].script, steps["v3.2.0.a"].script
    assert reads is not None and reads.refused.startswith("it reads the database (line ")
    assert last is not None and last.statements[0].text.startswith(
        "CREATE INDEX trials_study_id_key ON trials"
    )
    agrees(seen, storage.initializer().attend())
