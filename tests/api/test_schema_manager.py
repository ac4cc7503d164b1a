"""SchemaManager checks whether the schema exists and is right, creates it and repairs it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, inspect, text

from initdb import InitError, SchemaManager
from initdb.flask import initializer_for
from initdb.flask.binding import EXTENSION, Parts
from tests.support.flask_app import Shop, shop


def schema(made: Shop) -> SchemaManager:
    """The SchemaManager of an application whose schema is made from its models."""
    made.app.config["INITDB_SCHEMA_FROM"] = "models"
    return SchemaManager(made.app, made.db)


def test_create_schema_makes_it_exist(made: Shop, engine: Engine) -> None:
    """And again: it exists."""
    manager = schema(made)
    assert manager.check_schema_exists() is False
    assert manager.create_schema() is True
    assert manager.check_schema_exists() is True
    assert manager.create_schema() is True
    assert "product" in inspect(engine).get_table_names()


def test_without_models_the_revisions_are_the_schema(made: Shop) -> None:
    """It exists when they are applied."""
    made.db.metadata.clear()
    manager = SchemaManager(made.app, made.db)
    made.app.config["INITDB_SEEDS"] = None
    assert manager.check_schema_exists() is False
    assert manager.create_schema() is True
    assert manager.check_schema_exists() is True


def test_a_later_step_that_fails_is_no_failure_of_the_schema(made: Shop, engine: Engine) -> None:
    """The schema exists although its seeds could not be applied."""

    def spoilt(connection: object) -> None:
        raise ValueError("spoilt")

    initializer = initializer_for(made.app, made.db)
    made.app.config["INITDB_SCHEMA_FROM"] = "models"
    made.app.extensions[EXTENSION] = Parts(seeds=[spoilt])
    assert SchemaManager(made.app, made.db).create_schema() is True
    assert SchemaManager(initializer).check_schema_exists() is True


def test_a_schema_that_cannot_be_made_raises(made: Shop) -> None:
    """With the reference of what went wrong."""
    made.revision("r1", None, "1 / 0")
    with pytest.raises(InitError) as caught:
        SchemaManager(made.app, made.db).create_schema()
    assert caught.value.reference == "revision-failed"


def test_a_database_that_cannot_be_had_raises() -> None:
    """A bool means *is so now*; what cannot be known is an error."""
    made = shop("postgresql+psycopg2://shop@127.0.0.1:1/shop")
    with pytest.raises(InitError) as caught:
        schema(made).check_schema_exists()
    assert caught.value.reference == "connection-refused"


def test_validation_and_repair_of_a_missing_index_and_table(made: Shop, engine: Engine) -> None:
    """A defect is reported with its fix; afterwards there is none."""
    manager = schema(made)
    manager.create_schema()
    assert manager.validate_schema().valid
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE product"))
    found = manager.validate_schema()
    assert (found.valid, found.severity) == (False, "error")
    assert found.issues == ["The table product is missing. It was there when the database was last ready."]
    assert found.suggestions == ["initdb repair creates it, without rows."]
    repaired = manager.repair_schema()
    assert repaired.success, repaired.errors
    assert manager.validate_schema().valid


def test_what_cannot_be_repaired_is_said(made: Shop, engine: Engine) -> None:
    """Nothing is dropped or rewritten: the advice goes to a person."""
    manager = schema(made)
    manager.create_schema()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE product"))
        connection.execute(
            text("CREATE TABLE product (id INTEGER PRIMARY KEY, name VARCHAR(80), price INTEGER)")
        )
        connection.execute(text("INSERT INTO product (id, name) VALUES (1, 'tea'), (2, 'tea')"))
    result = manager.repair_schema()
    assert not result.success
    assert result.not_repaired
    assert result.errors[0].startswith("error: repair-impossible\n")


def test_the_info_is_plain_data(made: Shop) -> None:
    """Tables with columns and whether they exist, version rows, what is beside the models."""
    manager = schema(made)
    before = manager.get_schema_info()
    assert before["tables"]["product"] == {"exists": False, "columns": ["id", "name"], "indexes": []}
    assert before["missing"] == ["product"]
    manager.create_schema()
    after = manager.get_schema_info()
    assert after["tables"]["product"]["exists"]
    assert (after["heads"], after["pending"], after["missing"]) == (["r2"], [], [])
    assert after["version_table"].endswith("alembic_version")
    json.dumps(after)


def test_it_takes_an_initializer_too(made: Shop) -> None:
    """The same without Flask; without either it is a mistake that is named."""
    assert SchemaManager(initializer_for(made.app, made.db)).create_schema()
    with pytest.raises(TypeError, match="SchemaManager takes"):
        SchemaManager(made.app, None)
