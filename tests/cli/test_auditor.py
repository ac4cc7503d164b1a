"""An auditor: a role that may read two tables, in a folder with nothing but the URL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from initdb.events.checkpoint import Checkpoint, checkpoints_in
from initdb.events.verify_export import verify
from tests.cli.console import Console, toy_project
from tests.support.postgres_server import PostgresServer


@pytest.fixture
def auditor(server: PostgresServer, postgresql_url: str) -> Iterator[str]:
    """The name of a role that may log in, and no more."""
    name = f"{make_url(postgresql_url).database}_auditor"
    server.admin_execute(f"CREATE ROLE {name} LOGIN")
    yield name
    server.admin_execute(f"DROP OWNED BY {name}", database=make_url(postgresql_url).database)
    server.admin_execute(f"DROP ROLE {name}")


def test_what_needs_the_right_to_read_two_tables(console: Console, postgresql_url: str, auditor: str) -> None:
    """Export, checkpoint, verify, replay, and the list of events. Nothing is written, nothing else read."""
    toy = toy_project(console.folder, postgresql_url)
    assert console("run").exit_code == 0
    toy.sql(
        f"GRANT USAGE ON SCHEMA public TO {auditor}",
        f"GRANT SELECT ON init_journal, init_journal_head TO {auditor}",
    )
    (console.folder / "initdb.toml").unlink()
    url = make_url(postgresql_url).set(username=auditor).render_as_string(hide_password=False)
    asked = ("--database-url", url, "--application", "toy")
    head = toy.sql("SELECT seq, hash FROM init_journal_head")

    def prints(*words: str) -> str:
        done = console(*words, *asked)
        assert done.exit_code == 0, done.output
        return done.stdout

    (point,) = checkpoints_in(prints("journal", "checkpoint"))
    assert isinstance(point, Checkpoint)
    assert [(point.seq, point.hash)] == head
    exported = prints("journal", "export").splitlines(keepends=True)
    assert list(verify(exported, {f"{point.journal} {point.seq} {point.hash}"})) == []
    assert "1 of 1 checkpoints agree" in prints("journal", "verify", "--checkpoint", point.line)
    assert "ready" in prints("replay")
    assert "health_validated" in prints("journal", "--last", "1")
    assert toy.sql("SELECT seq, hash FROM init_journal_head") == head
