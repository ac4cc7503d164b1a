"""What is logged to `initdb.security`: orders, refusals, findings, with fields and without secrets."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlalchemy import make_url

from initdb.errors import CATALOGUE
from initdb.events.types import EVENTS, NOTES
from initdb.statemachine import orders, security
from tests.support.postgres_server import PostgresServer
from tests.support.toy import migrated

Logged = list[tuple[str, str]]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "initdb.security")
    return caplog


def of(caplog: pytest.LogCaptureFixture) -> Logged:
    """Kind and event of each record."""
    found = [vars(one) for one in caplog.records if one.name == "initdb.security"]
    return [(one["kind"], one["event"]) for one in found]


def test_every_name_is_one_that_exists() -> None:
    """References of the catalogue, and types of events."""
    assert CATALOGUE.keys() >= security.DENIED | security.REFUSED | security.FINDINGS
    assert EVENTS.keys() | NOTES.keys() >= security.ORDERS | security.SEEN


def test_orders(tmp_path: Path, database_url: str, logged: pytest.LogCaptureFixture) -> None:
    """Those that were carried out, once each, although env.py disables all loggers while it runs."""
    toy = migrated(tmp_path, database_url)
    env = toy.migrations / "env.py"
    env.write_text(
        "import logging.config\nlogging.config.dictConfig({'version': 1, 'disable_existing_loggers': True})\n"
        + env.read_text()
    )
    toy.initializer().initialize()
    assert of(logged) == []
    toy.initializer().attend(orders.roll_back(None, "it broke"))
    assert of(logged) == [("order", "run_started"), ("order", "migration_reverted")]
    record = vars(logged.records[-1])
    assert record["database"].startswith(database_url.partition(":")[0].partition("+")[0])
    assert record["role"] == make_url(database_url).username
    assert record["user"] and record["seq"] and record["run"]
    logged.clear()
    toy.initializer().attend(orders.release(()))
    assert of(logged) == [("order", "hold_released")]
    logged.clear()
    toy.initializer(orders_refused="rollback").attend(orders.roll_back(None))
    assert of(logged) == [("refused", "order-refused")]


def test_a_failed_login(
    tmp_path: Path, server: PostgresServer, postgresql_url: str, logged: pytest.LogCaptureFixture
) -> None:
    """By a library call: role and database, and no password."""
    url = make_url(postgresql_url).set(username="nobody_at_all", password="hunter2-canary")
    toy = migrated(tmp_path, url.render_as_string(hide_password=False))
    assert not toy.initializer(wait_limit="0").initialize().success
    assert of(logged) == [("denied", "authentication-failed")]
    (record,) = logged.records
    assert vars(record)["role"] == "nobody_at_all"
    assert "hunter2-canary" not in str(vars(record)) + logged.text
