"""Validation and repair in whole boots: each boot ends, and says how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from optuna.storages._rdb.models import BaseModel
from sqlalchemy import Column, Engine, Index, Integer, MetaData, text

from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer
from initdb.steps.context import Rule
from tests.validate.shop import shop


@pytest.fixture
def process(engine: Engine, tmp_path: Any) -> Iterator[Any]:
    """Gives the initializer of an application with the given models."""
    settings = load_settings(folder=tmp_path, environ={}, options={})

    def make(models: MetaData, **parts: Any) -> Initializer:
        return Initializer(engine, metadata=models, name="shop", settings=settings, **parts)

    yield make


def _types(process: Any) -> list[str]:
    return [entry.type for entry in process(shop()).entries()]


def test_an_index_that_no_database_can_make(process: Any) -> None:
    """It is created without it, repair tries in vain, and a warning remains. The next boot writes nothing."""
    parts: Any = {"bad": lambda: Index("ix_bad", text("nowhere(age)"))}
    result = process(shop(users=parts)).initialize()
    assert result.success and "ix_bad" in " ".join(result.warnings)
    types = _types(process)
    assert types[3:] == ["schema_created", "defects_found", "repair_applied", "health_validated"]
    assert process(shop(users=parts)).initialize().success
    assert types == _types(process)


def test_what_newer_models_add_is_added(process: Any, engine: Engine) -> None:
    """A nullable column and an index are added, and rows stay."""
    assert process(shop("users.note", "users.ux", "users.ix")).initialize().success
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO users (id, email) VALUES (1, 'a')")
    assert process(shop()).initialize().success
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id, email, note FROM users").all() == [(1, "a", None)]


def test_what_cannot_be_added_stops_with_advice(process: Any, engine: Engine) -> None:
    """It fails once: the same code adopts the failure, until a person has fixed it and says resume."""
    assert process(shop()).initialize().success
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO users (id, email) VALUES (1, 'a')")
    required: Any = {"x": lambda: Column("x", Integer, nullable=False)}
    result = process(shop(users=required)).initialize()
    assert not result.success and "ALTER TABLE users ADD COLUMN x INTEGER" in "\n".join(result.errors)
    types = _types(process)
    assert not process(shop(users=required)).initialize().success
    assert types == _types(process) and types[-1] == "step_failed"
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE users ADD COLUMN x INTEGER NOT NULL DEFAULT 1")
    assert process(shop(users=required)).resume().success


def test_a_rule_that_is_broken_stops_until_the_data_are_fixed(process: Any, engine: Engine) -> None:
    """Nothing that a repair can do helps."""

    def somebody(connection: Any) -> list[str]:
        rows = connection.exec_driver_sql("SELECT count(*) FROM users").scalar()
        return [] if rows else ["There is no user."]

    rules = (Rule("somebody", somebody),)
    result = process(shop(), rules=rules).initialize()
    assert not result.success and "There is no user." in "\n".join(result.errors)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO users (id, email) VALUES (1, 'a')")
    assert process(shop(), rules=rules).resume().success


def test_tables_of_optuna_that_were_dropped_are_made_again(process: Any, engine: Engine) -> None:
    """One in the middle of its foreign keys."""
    assert process(BaseModel.metadata).initialize().success
    with engine.begin() as connection:
        cascade = " CASCADE" if engine.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TABLE trials{cascade}")
    result = process(BaseModel.metadata).initialize()
    assert result.success, result.errors
