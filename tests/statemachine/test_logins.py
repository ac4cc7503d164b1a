"""Credentials that a server refused are not tried again by the boots of this host for a growing time."""

from __future__ import annotations

import json
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from sqlalchemy import make_url

from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.render.results import InitializationResult
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy, migrated

ROLE = f"late_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this host's user."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    return tmp_path / "state" / "initdb"


@pytest.fixture
def toy(tmp_path: Path, postgresql_url: str, state: Path) -> Toy:
    """An application whose role does not exist."""
    url = make_url(postgresql_url).set(username=ROLE, password="first-canary")
    return migrated(tmp_path / "app", url.render_as_string(hide_password=False))


def boot(toy: Toy, **options: str) -> InitializationResult:
    return toy.initializer(wait_limit="0", **options).initialize()


def reference(result: InitializationResult) -> str:
    return result.errors[0].partition("\n")[0].removeprefix("error: ")


def test_the_pause_grows_and_ends(toy: Toy, state: Path, server: PostgresServer) -> None:
    """10 s, then 20 s; the server is not asked meanwhile; let in, all is forgotten."""
    with freeze_time("2026-11-28 12:00:00") as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        assert reference(boot(toy)) == "authentication-failed"
        paused = boot(toy)
        assert reference(paused) == "login-paused"
        assert "after 2026-11-28 12:00:10 UTC, in 10 s" in paused.errors[0]
        assert "at once: Initializer(...).resume()" in paused.errors[0]
        clock.tick(timedelta(seconds=10))
        assert reference(boot(toy)) == "authentication-failed"
        clock.tick(timedelta(seconds=19))
        assert reference(boot(toy)) == "login-paused"
        clock.tick(timedelta(seconds=1))
        server.admin_execute(f"CREATE ROLE {ROLE} LOGIN SUPERUSER")
        try:
            assert boot(toy).success
        finally:
            server.admin_execute(f"ALTER ROLE {ROLE} NOLOGIN")
        assert [file.name for file in state.glob("*.login")] == []


def test_other_credentials_and_orders_are_tried_at_once(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another password in the URL or the environment; a person's order; a setting that wants no pause."""
    assert reference(boot(toy)) == "authentication-failed"
    assert reference(boot(toy)) == "login-paused"
    other = make_url(toy.url).set(password="second-canary").render_as_string(hide_password=False)
    assert reference(boot(Toy(toy.folder, other, options=toy.options))) == "authentication-failed"
    assert reference(boot(toy)) == "authentication-failed"  # the first one is another one now
    assert reference(boot(toy)) == "login-paused"
    monkeypatch.setenv("PGPASSWORD", "third-canary")
    assert reference(boot(toy)) == "authentication-failed"
    assert reference(boot(toy, login_pause="0")) == "authentication-failed"
    assert ordered(toy.initializer(wait_limit="0")) == "authentication-failed"


def ordered(made: Initializer) -> str:
    """The error of a person's order."""
    outcome = made.attend(orders.roll_back(None))
    assert outcome.error is not None
    return outcome.error.reference


def test_what_is_kept_tells_nothing(toy: Toy, state: Path) -> None:
    """No password, no hash of one that guesses could be tested with; only this user reads it."""
    boot(toy)
    (file,) = state.glob("*.login")
    kept = json.loads(file.read_text())
    assert set(kept) == {"tries", "last", "mark"} and len(kept["mark"]) == 4
    assert {one.stat().st_mode & 0o777 for one in state.iterdir()} == {0o600}
    assert "canary" not in file.read_text()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"tries": -1, "last": 0, "mark": "x"}',
        b'{"tries": 1e999, "last": 1, "mark": 1}',
    ],
)
def test_a_file_that_is_none(toy: Toy, state: Path, content: bytes) -> None:
    """It is passed over, and written anew."""
    boot(toy)
    (file,) = state.glob("*.login")
    file.write_bytes(content)
    assert reference(boot(toy)) == "authentication-failed"
    assert reference(boot(toy)) == "login-paused"


def test_a_clock_that_went_back(toy: Toy) -> None:
    """A refusal in the future pauses nothing."""
    with freeze_time("2030-01-01"):
        boot(toy)
    assert reference(boot(toy)) == "authentication-failed"


def test_a_planted_file(toy: Toy, state: Path) -> None:
    """A link is not followed, and a file of another user not believed; the boot says what the server says."""
    boot(toy)
    (file,) = state.glob("*.login")
    os.chown(file, 4711, 4711)
    assert reference(boot(toy)) == "authentication-failed"
    file.unlink()
    file.symlink_to(state.parent / "elsewhere")
    assert reference(boot(toy)) == "authentication-failed"
    assert not (state.parent / "elsewhere").exists()
