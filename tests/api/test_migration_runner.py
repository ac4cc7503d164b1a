"""MigrationRunner: pending and applied revisions, rollback, and the history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from initdb import InitError, MigrationRunner
from initdb.flask.binding import EXTENSION, Parts
from tests.support.flask_app import Shop, journal


def runner(made: Shop) -> MigrationRunner:
    """The MigrationRunner of an application."""
    return MigrationRunner(made.app, made.db)


def test_pending_run_and_again(made: Shop, engine: Engine) -> None:
    """What was pending is applied in its order; then nothing is."""
    migrations = runner(made)
    assert migrations.check_pending_migrations() == ["r1", "r2"]
    result = migrations.run_migrations()
    assert (result.success, result.migrations_applied) == (True, ["r1", "r2"])
    assert (result.failed_migration, result.error_message, result.rollback_performed) == (None, None, False)
    assert migrations.check_pending_migrations() == []
    assert migrations.run_migrations().migrations_applied == []


def test_a_failed_revision_is_named_and_leaves_nothing(made: Shop, engine: Engine) -> None:
    """Those before it stay; the failed one was rolled back, on SQLite as well."""
    up = 'op.create_table("half", sa.Column("id", sa.Integer)); op.execute("no such statement")'
    made.revision("r2", "r1", up)
    result = runner(made).run_migrations()
    assert (result.success, result.migrations_applied, result.failed_migration) == (False, ["r1"], "r2")
    assert result.rollback_performed is True
    assert result.error_message is not None
    assert result.error_message.startswith("error: revision-failed\n")
    assert "half" not in inspect(engine).get_table_names()
    adopted = runner(made).run_migrations()
    assert (adopted.failed_migration, adopted.error_message) == ("r2", result.error_message)
    assert journal(engine).count("step_failed") == 1


def test_seeds_that_fail_are_no_failure_of_the_revisions(made: Shop) -> None:
    """The part that was asked for was done."""

    def spoilt(connection: object) -> None:
        raise ValueError("spoilt")

    made.app.extensions[EXTENSION] = Parts(seeds=[spoilt])
    result = runner(made).run_migrations()
    assert (result.success, result.migrations_applied) == (True, ["r1", "r2"])


def test_seeds_that_cannot_be_read_stop_it_before_it_begins(made: Shop, tmp_path: Path) -> None:
    """Nothing is half done because of a typing error."""
    (tmp_path / "seeds" / "10_product.csv").write_text("nome\ntea\n")
    result = runner(made).run_migrations()
    assert (result.success, result.migrations_applied) == (False, [])
    assert "error: seed-column-unknown" in str(result.error_message)


def test_a_directory_that_cannot_be_read_is_in_the_result(made: Shop) -> None:
    """And what only answers raises."""
    made.revision("r3", "nowhere", "pass")
    result = runner(made).run_migrations()
    assert not result.success
    assert "error: revision-missing" in str(result.error_message)
    with pytest.raises(InitError):
        runner(made).check_pending_migrations()


class TestRollback:
    """One current head, which is then held."""

    def test_a_head_is_reverted_and_held(self, made: Shop, engine: Engine) -> None:
        migrations = runner(made)
        migrations.run_migrations()
        assert migrations.rollback_migration("r2") is True
        assert "r2" not in inspect(engine).get_table_names()
        assert migrations.check_pending_migrations() == ["r2"]
        held = migrations.run_migrations()
        assert not held.success
        assert "migration-held" in str(held.error_message)
        assert migrations.rollback_migration("r1") is True
        assert "product" not in inspect(engine).get_table_names()

    def test_what_is_no_current_head_is_refused(self, made: Shop, engine: Engine) -> None:
        migrations = runner(made)
        migrations.run_migrations()
        before = journal(engine)
        with pytest.raises(InitError) as caught:
            migrations.rollback_migration("r1")
        assert caught.value.reference == "rollback-refused"
        assert "r2" in caught.value.context[0]
        assert journal(engine) == before

    def test_an_unknown_revision_is_named(self, made: Shop) -> None:
        with pytest.raises(InitError) as caught:
            runner(made).rollback_migration("r9")
        assert caught.value.reference == "no-such-revision"

    def test_one_head_of_several(self, made: Shop, engine: Engine) -> None:
        """Only the one that is named: its sibling stays."""
        for name in ("left", "right"):
            path = made.revision(
                name,
                "r2",
                f'op.create_table("{name}", sa.Column("id", sa.Integer))',
                f'op.drop_table("{name}")',
            )
            path.write_text(
                path.read_text().replace("branch_labels = None", f"branch_labels = ('the_{name}',)")
            )
        assert runner(made).run_migrations().success
        assert runner(made).rollback_migration("left")
        tables = inspect(engine).get_table_names()
        assert "right" in tables
        assert "left" not in tables

    def test_without_a_downgrade_it_is_refused(self, made: Shop) -> None:
        path = made.revision("r2", "r1", "pass")
        path.write_text(path.read_text().partition("def downgrade")[0])
        runner(made).run_migrations()
        with pytest.raises(InitError) as caught:
            runner(made).rollback_migration("r2")
        assert caught.value.reference == "downgrade-missing"


class TestHistory:
    """Every revision, who applied it and when."""

    def test_before_and_after(self, made: Shop) -> None:
        migrations = runner(made)
        pending = migrations.get_migration_history()
        assert [(one["revision"], one["applied"], one["at"]) for one in pending] == [
            ("r1", False, None),
            ("r2", False, None),
        ]
        migrations.run_migrations()
        migrations.rollback_migration("r2")
        first, second = migrations.get_migration_history()
        assert (first["revision"], first["doc"], first["applied"], first["held"]) == (
            "r1",
            "the revision r1",
            True,
            False,
        )
        assert (first["by"] or {})["pid"]
        assert (first["at"] or "").endswith("Z")
        assert first["run"]
        assert (second["applied"], second["held"], second["at"]) == (False, True, None)
        json.dumps([first, second])

    def test_a_revision_that_this_code_does_not_know_is_in_it(self, made: Shop) -> None:
        runner(made).run_migrations()
        assert made.migrations is not None
        (made.migrations / "versions" / "r2.py").unlink()
        first, second = runner(made).get_migration_history()
        assert (first["revision"], second["revision"], second["doc"]) == ("r1", "r2", None)
        assert second["applied"]
        assert (second["by"] or {})["pid"]
