"""What happens to an application whose database is not ready."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from initdb import DatabaseInitializer, init_app
from initdb.statemachine.loop import attend as attending
from initdb.statemachine.loop.signals import Stopper
from tests.support.flask_app import journal, shop, spoilt


def test_it_exits_with_the_rendered_error(
    database_url: str, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    made = shop(database_url)
    with pytest.raises(SystemExit) as ended:
        init_app(made.app, made.db, seeds=[spoilt])
    error = capsys.readouterr().err
    assert ended.value.code == 1
    assert error.startswith("error: seed-callable-failed\n")
    assert "ValueError" in error
    assert "spoilt (" in error
    assert journal(engine)[-1] == "step_failed"


def test_a_typing_error_in_the_configuration_exits_2(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = shop(sqlite_url, INITDB_MOOD="work")
    with pytest.raises(SystemExit) as ended:
        init_app(made.app, made.db)
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert "INITDB_MOOD in app.config is not a setting" in error
    assert "INITDB_MODE" in error


def test_no_password_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql+psycopg2://shop:s3cret-word@127.0.0.1:1/shop"
    made = shop(url, INITDB_WAIT_LIMIT=0)
    with pytest.raises(SystemExit):
        init_app(made.app, made.db)
    error = capsys.readouterr().err
    assert "error: connection-refused" in error
    assert "s3cret" not in error


def test_so_configured_it_serves_503_with_the_reason(database_url: str) -> None:
    made = shop(database_url, INITDB_ON_FAILURE="serve-503")
    client = init_app(made.app, made.db, seeds=[spoilt]).test_client()
    plain = client.get("/", headers={"Accept": "text/html"})
    assert plain.status_code == 503
    assert plain.text == "503 Service Unavailable: seed-callable-failed\n\nA seed function failed.\n"
    assert int(plain.headers["Retry-After"]) > 0
    data = client.get("/nowhere", headers={"Accept": "application/json"})
    assert data.status_code == 503
    assert data.get_json() == {
        "status": 503,
        "reference": "seed-callable-failed",
        "message": "A seed function failed.",
    }


def test_files_that_cannot_be_read_are_served_as_503_too(sqlite_url: str) -> None:
    made = shop(sqlite_url, INITDB_ON_FAILURE="serve-503", INITDB_SEEDS="nowhere")
    assert "seeds-not-found" in init_app(made.app, made.db).test_client().get("/").text


def test_it_serves_as_soon_as_another_has_repaired_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is looked at again, but not at every request."""
    monkeypatch.setattr("initdb.flask.unavailable.RETRY_AFTER", 0)
    made = shop(database_url, INITDB_ON_FAILURE="serve-503", INITDB_MODE="check")
    client = init_app(made.app, made.db).test_client()
    assert client.get("/").status_code == 503
    other = shop(database_url)
    assert DatabaseInitializer(other.app, other.db).initialize().success
    assert client.get("/").status_code == 200


def test_a_db_of_another_application_is_named(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says which application the db does not belong to."""
    stranger = Flask("stranger")
    with pytest.raises(SystemExit) as ended:
        init_app(stranger, shop(sqlite_url).db)
    assert ended.value.code == 2
    assert "stranger" in capsys.readouterr().err


@pytest.mark.parametrize("seeds", [[], [spoilt]], ids=["ready", "failed"])
def test_a_signal_that_comes_too_late_is_handed_to_the_server(
    sqlite_url: str, seeds: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A boot that is over when SIGTERM comes neither stops nor swallows it."""
    made, read = shop(sqlite_url), threading.Event()
    first = DatabaseInitializer(made.app, made.db).initialize()
    assert first.success
    stop, look = Stopper.stop, attending.look
    called: list[int] = []

    def heard(self: Stopper, signum: int) -> None:
        stop(self, signum)
        read.set()

    def signalled(*words: Any) -> Any:
        seen = look(*words)
        os.kill(os.getpid(), signal.SIGTERM)
        assert read.wait(30)
        return seen

    if seeds:
        with pytest.raises(SystemExit):
            init_app(made.app, made.db, seeds=seeds)
    monkeypatch.setattr(Stopper, "stop", heard)
    monkeypatch.setattr(attending, "look", signalled)
    before = signal.signal(signal.SIGTERM, lambda signum, frame: called.append(signum))
    try:
        with pytest.raises(SystemExit) if seeds else contextlib.nullcontext():
            init_app(made.app, made.db, seeds=seeds)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert called == [signal.SIGTERM]


def test_what_matters_to_security_is_logged(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Also of a boot that could not begin, by either way of booting: a manifest that is not there."""
    made = shop(sqlite_url, INITDB_REQUIRE_MANIFEST="/nowhere/manifest")
    with pytest.raises(SystemExit):
        init_app(made.app, made.db)
    assert not DatabaseInitializer(made.app, made.db).initialize().success
    found = [vars(one)["event"] for one in caplog.records if one.name == "initdb.security"]
    assert found == ["manifest-unusable", "manifest-unusable"]
