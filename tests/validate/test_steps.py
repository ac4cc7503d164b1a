"""The steps validate and repair: one unit each, and the data of their events."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Engine, Index, Integer, MetaData, text

from initdb.errors import InitError
from initdb.settings import Settings
from initdb.steps import repair, validate
from initdb.steps.seeds.model import SeedSource
from tests.validate.shop import shop
from tests.validate.stepping import step


def _create(engine: Engine, models: MetaData, *statements: str) -> None:
    with engine.begin() as connection:
        models.create_all(connection)
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_health_validated(engine: Engine) -> None:
    """The event has each check by name, and the warnings that a ready database may have."""
    _create(engine, shop(), "CREATE TABLE _alembic_tmp_users (id INTEGER)")
    with step(engine, shop(), "unproven") as (ctx, events):
        validate.run(ctx)
    ((kind, data),) = events
    assert kind == "health_validated" and "issues" not in data
    assert (data["checks"]["connectivity"], data["checks"]["schema"]) == ("ok", "warning")
    assert ["_alembic_tmp_users" in warning for warning in data["warnings"]] == [True]


def test_defects_found(engine: Engine) -> None:
    """The event has each defect with its suggestion."""
    _create(engine, shop("users.ix"))
    with step(engine, shop(), "unproven") as (ctx, events):
        validate.run(ctx)
    ((kind, data),) = events
    ((issue),) = data["issues"]
    assert kind == "defects_found"
    assert {"kind", "name", "text", "severity", "suggestion"} == set(issue)
    assert (issue["kind"], issue["name"], issue["severity"]) == ("missing-index", "ix_users_age", "error")


def test_pending_seeds_are_defects(engine: Engine) -> None:
    """In the ledger they are begun and not complete."""
    _create(engine, shop())
    source = SeedSource("01_teams.csv", "rows", "teams", "d" * 64)
    begun = {"source": "01_teams.csv", "table": "teams", "digest": "d" * 64, "complete": False, "next": 5}
    with step(engine, shop(), "unproven", seeds=(source,), seeded=begun) as (ctx, events):
        validate.run(ctx)
    assert [issue["kind"] for issue in events[0][1]["issues"]] == ["seed-pending"]


def test_repair_applied(engine: Engine) -> None:
    """The event has what was done, the new tables and what is still to do; no row is lost."""
    _create(engine, shop("teams", "users.fk", "users.ix"), "INSERT INTO users (id, email) VALUES (1, 'a')")
    models = shop("users.fk")
    source = SeedSource("01_teams.csv", "rows", "teams", "d" * 64)
    whole = {"source": "01_teams.csv", "table": "teams", "digest": "d" * 64, "complete": True}
    with step(engine, models, "defective", seeds=(source,), seeded=whole) as (ctx, events):
        repair.run(ctx)
    ((kind, data),) = events
    assert kind == "repair_applied"
    assert data["actions"] == ["create table teams", "create index ix_users_age on users"]
    assert (data["tables"], data["defects"], data["seeds_pending"]) == (["teams"], [], ["01_teams.csv"])
    with step(engine, models, "unproven") as (ctx, events):
        validate.run(ctx)
        assert ctx.work.exec_driver_sql("SELECT count(*) FROM users").scalar() == 1
    assert events[0][0] == "health_validated"


def test_a_repair_in_part_says_what_remains(engine: Engine) -> None:
    """The next repair can do nothing more, and ends with advice."""
    required: Any = {"x": lambda: Column("x", Integer, nullable=False)}
    _create(engine, shop("users.ix"), "INSERT INTO users (id, email) VALUES (1, 'a')")
    with step(engine, shop(users=required), "defective") as (ctx, events):
        repair.run(ctx)
        assert events[0][1]["actions"] == ["create index ix_users_age on users"]
        assert events[0][1]["defects"] == ["The column users.x is missing."]
        with pytest.raises(InitError) as caught:
            repair.run(ctx)
    assert caught.value.reference == "repair-impossible"
    assert "ALTER TABLE users ADD COLUMN x" in str(caught.value)
    assert len(events) == 1


def test_repairs_may_be_forbidden(engine: Engine) -> None:
    """Then the error names the defects, and nothing changes."""
    _create(engine, shop("users.ix"))
    never = Settings(repair="never")
    with (
        step(engine, shop(), "defective", settings=never) as (ctx, events),
        pytest.raises(InitError) as caught,
    ):
        repair.run(ctx)
    assert (caught.value.reference, events) == ("defects-remain", [])
    assert "ix_users_age" in str(caught.value)


def test_an_index_that_cannot_be_made_does_not_keep_from_ready(engine: Engine) -> None:
    """Repair tries to, and says why it cannot; validation then counts it as a warning."""
    bad: Any = {"bad": lambda: Index("ix_bad", text("nowhere(age)"))}
    _create(engine, shop())
    with step(engine, shop(users=bad), "defective") as (ctx, events):
        repair.run(ctx)
    ((kind, data),) = events
    assert (kind, data["actions"], data["defects"]) == ("repair_applied", [], [])
    assert "nowhere" in data["warnings"][0]
    with step(engine, shop(users=bad), "unproven") as (ctx, events):
        validate.run(ctx)
    assert events[0][0] == "health_validated" and "ix_bad" in events[0][1]["warnings"][0]


def test_a_unique_index_that_cannot_be_made_does(engine: Engine) -> None:
    """Uniqueness is a promise about the data, and rows break it."""
    rows = "INSERT INTO users (id, email) VALUES (1, 'a'), (2, 'a')"
    _create(engine, shop("users.uq"), rows)
    with step(engine, shop(), "defective") as (ctx, events), pytest.raises(InitError) as caught:
        repair.run(ctx)
    assert caught.value.reference == "repair-impossible" and events == []
    assert "uq_users_email" in str(caught.value)


def test_defects_fixed_by_hand_in_the_meantime(engine: Engine) -> None:
    """There is nothing left to do, and the run goes on."""
    _create(engine, shop())
    with step(engine, shop(), "defective") as (ctx, events):
        repair.run(ctx)
    assert (events[0][1]["actions"], events[0][1]["defects"]) == ([], [])


def test_pending_seeds_lead_on(engine: Engine) -> None:
    """The seed step applies them; they do not count as remaining defects."""
    _create(engine, shop())
    source = SeedSource("01_teams.csv", "rows", "teams", "d" * 64)
    with step(engine, shop(), "defective", seeds=(source,)) as (ctx, events):
        repair.run(ctx)
    assert (events[0][1]["seeds_pending"], events[0][1]["defects"]) == (["01_teams.csv"], [])


def test_an_invalid_index_is_rebuilt(postgresql_url: str) -> None:
    """Once the rows allow it, the models' index is rebuilt."""
    from sqlalchemy import NullPool, create_engine

    engine = create_engine(postgresql_url, poolclass=NullPool)
    _create(
        engine, shop("users.ux"), "INSERT INTO users (id, email, note) VALUES (1, 'a', 'x'), (2, 'b', 'x')"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with pytest.raises(Exception, match="could not create"):
            connection.exec_driver_sql("CREATE UNIQUE INDEX CONCURRENTLY ux_users_note ON users (note)")
        connection.exec_driver_sql("UPDATE users SET note = 'y' WHERE id = 2")
    with step(engine, shop(), "defective") as (ctx, events):
        repair.run(ctx)
        validate.run(ctx)
    assert events[0][1]["actions"] == ["rebuild index ux_users_note of users"]
    assert events[1][0] == "health_validated"


def test_a_lock_that_is_not_given_is_no_refusal(postgresql_url: str) -> None:
    """The step is rolled back and can be tried again: the error is the driver's."""
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import OperationalError

    engine = create_engine(postgresql_url, poolclass=NullPool)
    _create(engine, shop("users.ix"))
    with (
        engine.connect() as other,
        step(engine, shop(), "defective", settings=Settings(lock_timeout=0.05)) as (ctx, events),
    ):
        other.exec_driver_sql("LOCK TABLE users IN ROW EXCLUSIVE MODE")
        with pytest.raises(OperationalError):
            repair.run(ctx)
    assert events == []
