"""HealthValidator only reads, and reports what it finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, make_url, text

from initdb import DatabaseInitializer, HealthValidator, InitError, Rule
from initdb.flask.binding import EXTENSION, Parts
from tests.support.flask_app import Shop, journal, shop
from tests.support.postgres_server import PostgresServer


def health(made: Shop) -> HealthValidator:
    """The HealthValidator of an application."""
    return HealthValidator(made.app, made.db)


@pytest.fixture
def ready(made: Shop) -> Shop:
    """The application on a ready database."""
    made.app.config["INITDB_SCHEMA_FROM"] = "models"
    assert DatabaseInitializer(made.app, made.db).initialize().success
    return made


class TestConnectivity:
    """Whether the database answers now."""

    def test_a_database_that_answers(self, made: Shop, engine: Engine) -> None:
        assert health(made).validate_connectivity() is True
        if engine.dialect.name == "sqlite":
            assert not Path(str(engine.url.database)).exists()

    def test_a_server_that_is_not_there(self) -> None:
        assert health(shop("postgresql+psycopg2://shop@127.0.0.1:1/shop")).validate_connectivity() is False

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        assert health(shop(f"sqlite:///{tmp_path}/no/x.db")).validate_connectivity() is False

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_text("This is a letter, and a long one. " * 100)
        assert health(shop(f"sqlite:///{tmp_path}/x.db")).validate_connectivity() is False


class TestIntegrity:
    """The schema for itself, the rows for themselves."""

    def test_a_ready_database_is_whole(self, ready: Shop, engine: Engine) -> None:
        before = journal(engine)
        assert health(ready).validate_schema_integrity().valid
        assert health(ready).validate_data_integrity().valid
        assert journal(engine) == before

    def test_a_missing_table_is_the_schemas(self, ready: Shop, engine: Engine) -> None:
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE product"))
        schema = health(ready).validate_schema_integrity()
        assert (schema.valid, schema.severity) == (False, "error")
        assert schema.issues == [
            "The table product is missing. It was there when the database was last ready."
        ]

    def test_a_broken_rule_is_the_rows(self, ready: Shop) -> None:
        def not_empty(connection: Connection) -> list[str]:
            found = connection.scalar(text("SELECT count(*) FROM product"))
            return [] if found == 3 else [f"There are {found} products."]

        ready.app.extensions[EXTENSION] = Parts(rules=(Rule("three", not_empty, "warning"),))
        assert health(ready).validate_schema_integrity().issues == []
        rows = health(ready).validate_data_integrity()
        assert (rows.valid, rows.severity, rows.issues) == (True, "warning", ["There are 2 products."])

    def test_a_database_that_cannot_be_had_raises(self) -> None:
        with pytest.raises(InitError):
            health(shop("postgresql+psycopg2://shop@127.0.0.1:1/shop")).validate_schema_integrity()


class TestReport:
    """Everything at once, as plain data."""

    def test_of_a_ready_database(self, ready: Shop, engine: Engine) -> None:
        before = journal(engine)
        report = health(ready).generate_health_report()
        assert report["ready"] is True
        assert report["connectivity"]["ok"] is True
        assert report["connectivity"]["latency_ms"] >= 0
        assert report["database"]["type"] == engine.dialect.name
        assert report["database"]["version"][0].isdigit()
        assert report["database"]["size_bytes"] > 0
        assert report["tables"]["product"] == {"rows": 2, "more": False}
        assert report["schema"]["valid"]
        assert report["data"]["valid"]
        assert report["migrations"] == {"heads": ["r2"], "pending": [], "unknown": [], "held": []}
        assert report["journal"]["intact"] is True
        assert report["journal"]["entries"] == len(before) + 2, "the inventory and the snapshot"
        json.dumps(report)
        assert journal(engine) == before

    def test_counting_ends_at_a_limit(self, ready: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("initdb.managers.measures.MOST_ROWS", 1)
        assert health(ready).generate_health_report()["tables"]["product"] == {"rows": 1, "more": True}

    def test_a_table_that_cannot_be_read_does_not_hide_the_others(
        self, postgresql_url: str, server: PostgresServer
    ) -> None:
        made, database = shop(postgresql_url), str(make_url(postgresql_url).database)
        assert DatabaseInitializer(made.app, made.db).initialize().success
        server.create_password_role("reader", "word")
        for statement in (
            "CREATE TABLE secrets (id int)",
            "GRANT SELECT ON product, init_journal, init_journal_head TO reader",
        ):
            server.admin_execute(statement, database=database)
        small = shop(server.url(database, user="reader", password="word"))
        tables = health(small).generate_health_report()["tables"]
        server.admin_execute("DROP OWNED BY reader", database=database)
        server.admin_execute("DROP ROLE reader")
        assert tables["secrets"] == {"rows": None, "more": None}
        assert tables["product"] == {"rows": 0, "more": False}

    def test_an_edited_journal_is_found(self, ready: Shop, engine: Engine) -> None:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                names = connection.scalars(
                    text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
                ).all()
                for name in names:
                    connection.execute(text(f'DROP TRIGGER "{name}"'))
            else:
                connection.execute(text("ALTER TABLE init_journal DISABLE TRIGGER ALL"))
            connection.execute(text("UPDATE init_journal SET event = replace(event, 'first boot', 'other') "))
        found = health(ready).generate_health_report()["journal"]
        assert found["intact"] is False
        assert any("edited" in finding["text"] for finding in found["findings"])

    def test_of_an_empty_database(self, made: Shop) -> None:
        report = health(made).generate_health_report()
        assert (report["ready"], report["journal"]) == (False, {"exists": False})
        assert report["migrations"]["pending"] == ["r1", "r2"]

    def test_of_one_that_cannot_be_had(self) -> None:
        report = health(shop("postgresql+psycopg2://shop:s3cret@127.0.0.1:1/shop")).generate_health_report()
        assert report["connectivity"]["ok"] is False
        assert report["connectivity"]["error"]["reference"] == "connection-refused"
        assert "s3cret" not in json.dumps(report)
