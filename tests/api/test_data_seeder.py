"""DataSeeder inserts the first rows once, and restores rows that were deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from initdb import DataSeeder, InitError
from initdb.flask.binding import EXTENSION, Parts
from tests.support.flask_app import Shop, journal

TABLES = {"tenants": 1, "roles": 4, "permissions": 12, "role_permissions": 19, "users": 1}


def seeder(made: Shop) -> DataSeeder:
    """The DataSeeder of an application."""
    return DataSeeder(made.app, made.db)


class TestSeeding:
    """Rows created and skipped, by table."""

    def test_rows_are_created_once_and_skipped_after(self, made: Shop, engine: Engine) -> None:
        assert seeder(made).validate_seed_data() is False
        first = seeder(made).seed_initial_data()
        assert (first.success, first.records_created, first.records_skipped) == (
            True,
            {"product": 2},
            {"product": 0},
        )
        assert seeder(made).validate_seed_data() is True
        again = seeder(made).seed_initial_data()
        assert (again.success, again.records_created, again.records_skipped) == (
            True,
            {"product": 0},
            {"product": 2},
        )

    def test_a_deleted_row_comes_back(self, made: Shop, engine: Engine) -> None:
        seeder(made).seed_initial_data()
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM product WHERE name = 'tea'"))
        result = seeder(made).seed_initial_data()
        assert (result.records_created, result.records_skipped) == ({"product": 1}, {"product": 1})
        assert made.app.test_client().get("/").text == "coffee,tea"

    def test_a_function_on_the_connection_is_not_run_twice(self, made: Shop) -> None:
        calls = []

        def stock(connection: object) -> None:
            calls.append(1)

        made.app.extensions[EXTENSION] = Parts(seeds=[stock])
        assert seeder(made).seed_initial_data().success
        assert seeder(made).seed_initial_data().success
        assert calls == [1]

    def test_a_row_that_is_refused_is_an_error(self, made: Shop, tmp_path: Path) -> None:
        (tmp_path / "seeds" / "10_product.csv").write_text("name,id\ntea,1\nmilk,1\n")
        result = seeder(made).seed_initial_data()
        assert not result.success
        assert result.errors[0].startswith("error: ")
        assert "10_product.csv" in result.errors[0]
        assert seeder(made).validate_seed_data() is False

    def test_files_that_cannot_be_read_are_in_the_result(self, made: Shop) -> None:
        made.app.config["INITDB_SEEDS"] = "nowhere"
        result = seeder(made).seed_initial_data()
        assert result.errors[0].startswith("error: seeds-not-found\n")


class TestIdentity:
    """The built-in identity schema's admin, tenant and roles."""

    def test_seeding_counts_by_table(self, identity: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INITDB_ADMIN_PASSWORD", "correct horse battery")
        result = seeder(identity).seed_initial_data()
        assert result.success, result.errors
        assert set(result.records_created) == set(TABLES)
        assert result.records_created["tenants"] == 1
        assert result.records_created["users"] == 1
        again = seeder(identity).seed_initial_data()
        assert set(again.records_created.values()) == {0}
        assert again.records_skipped == result.records_created

    def test_the_admin_is_made_and_made_again(
        self, identity: Shop, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INITDB_ADMIN_PASSWORD", "correct horse battery")
        assert seeder(identity).create_admin_user() is True
        before = journal(engine)
        assert seeder(identity).create_admin_user() is True
        assert journal(engine) == before
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM user_roles"))
            connection.execute(text("DELETE FROM memberships"))
            connection.execute(text("DELETE FROM users"))
        assert seeder(identity).create_admin_user() is True
        with engine.connect() as connection:
            row = connection.execute(text("SELECT username, locked FROM users")).one()
        assert (row.username, bool(row.locked)) == ("admin", False)
        assert journal(engine)[len(before) :] == [
            "run_started",
            "override",
            "database_inspected",
            "seed_batch_applied",
            "health_validated",
        ]

    def test_tenant_and_roles_are_made(self, identity: Shop, engine: Engine) -> None:
        assert seeder(identity).create_system_tenants() is True
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT slug FROM tenants WHERE is_system")) == "system"
            assert connection.scalar(text("SELECT count(*) FROM roles")) == TABLES["roles"]

    def test_an_application_with_its_own_models_has_neither(self, made: Shop, engine: Engine) -> None:
        for ask in (seeder(made).create_admin_user, seeder(made).create_system_tenants):
            with pytest.raises(InitError) as caught:
                ask()
            assert caught.value.reference == "identity-not-used"
        assert journal(engine) == []
