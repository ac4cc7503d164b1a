"""DatabaseInitializer brings a database from any state to ready with one call."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, text

from initdb import DatabaseInitializer
from tests.support.flask_app import Shop, journal, shop


def initializer(made: Shop) -> DatabaseInitializer:
    """The DatabaseInitializer of an application."""
    return DatabaseInitializer(made.app, made.db)


class TestInitialize:
    """The result says what was done; nothing is raised."""

    def test_from_empty_to_ready_and_again(self, made: Shop, engine: Engine) -> None:
        first = initializer(made).initialize()
        assert (first.success, first.errors, first.warnings) == (True, [], [])
        assert first.steps_completed == [
            "inspected: behind",
            "migration applied: r1",
            "migration applied: r2",
            "seeded: 10_product.csv",
            "validated",
        ]
        assert first.database_type == engine.dialect.name
        assert first.duration > 0
        again = initializer(made).initialize()
        assert (again.success, again.steps_completed) == (True, [])
        assert made.app.test_client().get("/").text == "coffee,tea"

    def test_whatever_the_mode_is(self, made: Shop, engine: Engine) -> None:
        made.app.config["INITDB_MODE"] = "off"
        assert initializer(made).initialize().success
        assert "health_validated" in journal(engine)

    def test_a_failure_is_in_the_result_as_rendered(self, made: Shop) -> None:
        made.revision("r2", "r1", "1 / 0")
        result = initializer(made).initialize()
        assert not result.success
        assert result.exit_code == 1
        assert result.steps_completed[-1] == "migration applied: r1"
        assert result.errors[0].startswith("error: revision-failed\n")
        assert "r2.py line 1" in result.errors[0]
        adopted = initializer(made).initialize()
        assert adopted.errors == result.errors
        assert adopted.steps_completed == []

    def test_files_that_cannot_be_read_are_in_the_result_too(self, made: Shop, engine: Engine) -> None:
        made.revision("r2", "r1", "][")
        result = initializer(made).initialize()
        assert not result.success
        assert result.errors[0].startswith("error: revision-unparsable\n")
        assert journal(engine) == []

    def test_a_database_that_cannot_be_had_is_too(self, tmp_path: Path) -> None:
        made = shop(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x.db'}", INITDB_WAIT_LIMIT=0)
        result = initializer(made).initialize()
        assert not result.success
        assert result.database_type == "sqlite"
        assert result.errors[0].startswith("error: folder-missing\n")

    def test_an_application_without_a_db_is_too(self, sqlite_url: str) -> None:
        result = DatabaseInitializer(Flask("stranger"), shop(sqlite_url).db).initialize()
        assert result.errors[0].startswith("error: bad-app\n")
        assert result.exit_code == 2


class TestValidateSetup:
    """Every check, and nothing written."""

    def test_a_ready_database_is_valid(self, made: Shop, engine: Engine) -> None:
        initializer(made).initialize()
        before = journal(engine)
        result = initializer(made).validate_setup()
        assert (result.valid, result.severity) == (True, "info")
        assert all("r2" in issue for issue in result.issues)  # the revisions made a table beside the models'
        assert journal(engine) == before

    def test_an_empty_one_is_not_and_stays_empty(self, made: Shop, engine: Engine) -> None:
        result = initializer(made).validate_setup()
        assert not result.valid
        assert result.severity == "error"
        assert any("10_product.csv" in issue for issue in result.issues)
        assert result.suggestions
        if engine.dialect.name == "sqlite":
            assert not Path(str(engine.url.database)).exists()
        else:
            assert journal(engine) == []

    def test_one_that_cannot_be_had_is_critical(self) -> None:
        made = shop("postgresql+psycopg2://shop:s3cret@127.0.0.1:1/shop")
        result = initializer(made).validate_setup()
        assert (result.valid, result.severity) == (False, "critical")
        assert "s3cret" not in str(result)


class TestRepairIfNeeded:
    """Only where validation finds a defect."""

    def test_a_valid_database_is_left_alone(self, made: Shop, engine: Engine) -> None:
        initializer(made).initialize()
        before = journal(engine)
        result = initializer(made).repair_if_needed()
        assert (result.success, result.repaired, result.errors) == (True, [], [])
        assert journal(engine) == before

    def test_a_lost_table_is_made_again_and_seeded(self, made: Shop, engine: Engine) -> None:
        made.app.config["INITDB_SCHEMA_FROM"] = "models"
        initializer(made).initialize()
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE product"))
        result = initializer(made).repair_if_needed()
        assert result.success, result.errors
        assert any("product" in action for action in result.repaired)
        assert made.app.test_client().get("/").text == "coffee,tea"

    def test_what_cannot_be_read_is_in_the_result(self, made: Shop) -> None:
        made.app.config["INITDB_SEEDS"] = "nowhere"
        result = initializer(made).repair_if_needed()
        assert not result.success
        assert result.errors[0].startswith("error: seeds-not-found\n")


class TestStatus:
    """Where the database stands, as plain data."""

    def test_before_and_after(self, made: Shop, engine: Engine) -> None:
        before = initializer(made).get_initialization_status()
        assert (before["ready"], before["verdict"], before["pending"]) == (False, "work", ["r1", "r2"])
        assert before["seeds_pending"] == ["10_product.csv"]
        initializer(made).initialize()
        after = initializer(made).get_initialization_status()
        assert (after["ready"], after["state"], after["verdict"]) == (True, "ready", "ready")
        assert (after["pending"], after["seeds_pending"], after["error"]) == ([], [], None)
        assert after["rows"] == ("r2",)
        assert after["run"]["ended"] == "ready"
        assert after["entries"] == len(journal(engine)) + 2, "the inventory and the snapshot"
        json.dumps(after)

    def test_a_failure_is_told(self, made: Shop) -> None:
        made.revision("r2", "r1", "1 / 0")
        initializer(made).initialize()
        status = initializer(made).get_initialization_status()
        assert (status["ready"], status["verdict"]) == (False, "failed")
        assert status["failure"]["error"]["reference"] == "revision-failed"

    def test_a_database_that_cannot_be_had_is_told_without_a_secret(self) -> None:
        made = shop("postgresql+psycopg2://shop:s3cret@127.0.0.1:1/shop")
        status = initializer(made).get_initialization_status()
        assert status["ready"] is False
        assert status["error"]["reference"] == "connection-refused"
        assert "s3cret" not in json.dumps(status)
