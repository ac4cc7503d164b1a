"""One process works as one role and serves as another, in `init_app`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from initdb import init_app
from tests.support.flask_app import Shop, shop, stock
from tests.support.postgres_server import PostgresServer
from tests.trust.four import Four
from tests.trust.test_roles import fresh_four


@pytest.fixture
def four(server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Four]:
    """A fresh database, with the roles of the script."""
    for name in ("INITDB_CONFIG", "INITDB_APP", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    four = fresh_four(server, tmp_path)
    four.run_script()
    yield four
    four.drop()


def _booted(four: Four, folder: Path, works: str | None, **config: object) -> Shop:
    """The application, which serves as its own role, after `init_app`."""
    given = {"INITDB_APPLICATION": "toy", **config}
    if works is not None:
        given["INITDB_WORK_URL"] = four.url(works)
    made = shop(four.url("application"), migrations=folder, **given)
    if not folder.exists():
        made.with_revisions("product")
    init_app(made.app, made.db, seeds=[stock])
    return made


def _serves(four: Four, made: Shop) -> None:
    """It reads and writes rows as the application, and may do no more."""
    page = made.app.test_client().get("/")
    assert (page.status_code, page.text) == (200, "shop's tea")
    with made.app.app_context():
        assert made.db.session.scalar(text("SELECT current_user")) == four.role("application")
        made.db.session.execute(text("INSERT INTO product (name) VALUES ('milk')"))
        made.db.session.execute(text("DELETE FROM product WHERE name = 'milk'"))
        made.db.session.commit()
        made.db.engine.dispose()
    for statement in ("DROP TABLE product", "DELETE FROM init_journal", "ALTER TABLE product ADD a int"):
        assert four.refusal("application", statement) == "42501"


def _writers(four: Four) -> list[str]:
    """The role of each run's first entry."""
    query = "SELECT event::json #>> '{by,role}' FROM init_journal WHERE type = 'run_started' ORDER BY seq"
    return [str(row[0]) for row in four.sql("administrator", query)]


def test_from_the_first_boot_on(four: Four, tmp_path: Path) -> None:
    """First as owner, and it serves at once. Then as initializer, after the script. Then it only checks."""
    folder = tmp_path / "migrations"
    made = _booted(four, folder, "owner")
    _serves(four, made)
    four.run_script()
    assert _writers(four) == [four.role("owner")]

    made.revision("more", "product", 'op.add_column("product", sa.Column("more", sa.Integer))')
    _serves(four, _booted(four, folder, "initializer"))
    assert _writers(four) == [four.role("owner"), four.role("initializer")]

    for mode in ("check", "wait"):
        setting = {"INITDB_MODE": mode, "INITDB_JOURNAL_OWNER": four.role("owner")}
        _serves(four, _booted(four, folder, None, **setting))
    assert len(_writers(four)) == 2


def test_without_the_setting_it_does_not_serve(
    four: Four, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process without work_url does not know who owns the journal."""
    folder = tmp_path / "migrations"
    _booted(four, folder, "owner")
    four.run_script()
    with pytest.raises(SystemExit):
        _booted(four, folder, None, INITDB_MODE="check")
    assert "journal-of-a-stranger" in capsys.readouterr().err


def test_before_the_script_is_run_again(four: Four, tmp_path: Path) -> None:
    """The application has no right on the new journal: default privileges do not reach it."""
    _booted(four, tmp_path / "migrations", "owner")
    for statement in ("SELECT FROM init_journal", "INSERT INTO init_journal_head DEFAULT VALUES"):
        assert four.refusal("application", statement) == "42501"
