"""Orders say why they are given, and can be refused or reserved to a role."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from initdb.statemachine import orders
from tests.cli.console import ADMIN_PASSWORD, Console
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


def settings(console: Console, *lines: str) -> None:
    """More lines in initdb.toml."""
    file = console.folder / "initdb.toml"
    file.write_text(file.read_text() + "\n".join(lines) + "\n")


def last(toy: Toy, kind: str) -> dict[str, object]:
    """The data of the last event of a type."""
    return dict([entry for entry in toy.initializer().entries() if entry.type == kind][-1].data)


def test_the_reason_is_in_the_events_and_in_the_journal(console: Console, toy: Toy) -> None:
    """Of a rollback, a release and a retry; on both databases. A password in it is left out."""
    assert console("run").exit_code == 0
    done = console("rollback", "--yes", "--reason", "r3 broke\nthe shop, password=hunter2")
    assert done.exit_code == 0, done.output
    assert last(toy, "run_started")["why"] == "r3 broke\\nthe shop, password=***"
    assert console("release", "--reason", "it is mended").exit_code == 0
    assert last(toy, "hold_released")["reason"] == "it is mended"
    assert console("run").exit_code == 0
    assert "why" not in last(toy, "run_started")
    assert console("resume", "--retry", "r3", "--reason", "once more").exit_code == 0
    assert last(toy, "override")["reason"] == "once more"
    said = console("journal").stdout
    for reason in ("r3 broke", "it is mended", "once more"):
        assert reason in said
    assert "hunter2" not in said


def test_a_new_password_is_an_event_without_the_password(
    console: Console, database_url: str, tmp_path: Path
) -> None:
    """Who, whose, why; and the password and the event are one transaction."""
    console.environ |= {"INITDB_ADMIN_PASSWORD": ADMIN_PASSWORD, "DATABASE_URL": database_url}
    assert console("run", "--schema-from", "identity").exit_code == 0
    console.environ["INITDB_ADMIN_PASSWORD"] = "quite another phrase 41"
    done = console("admin", "set-password", "Admin", "--reason", "she forgot it")
    assert done.exit_code == 0, done.output
    (line,) = [one for one in console("journal", "--json").stdout.splitlines() if "password_set" in one]
    assert '"username":"admin"' in line.replace(" ", "") and "she forgot it" in line
    assert "quite another" not in line and "argon2" not in line and '"pid"' in line
    assert console("admin", "set-password", "nobody").exit_code == 2
    assert console("journal", "--json").stdout.count("password_set") == 1
    assert console("journal", "verify").exit_code == 0


def test_what_is_refused(console: Console, sqlite_toy: Toy) -> None:
    """Said with the place that refuses it, before a question is asked; nothing is written."""
    assert console("run").exit_code == 0
    settings(console, 'orders_refused = ["rollback", "mark-applied"]')
    before = len(list(sqlite_toy.initializer().entries()))
    done = console("rollback", "--yes")
    assert done.exit_code == 1
    assert "error: order-refused" in done.stderr and "initdb.toml" in done.stderr
    assert console("resume", "--mark-applied", "r3").exit_code == 1
    # No option and no variable allows what the file refuses.
    assert console("rollback", "--yes", "--orders-refused", "release").exit_code == 1
    console.environ["INITDB_ORDERS_REFUSED"] = "release"
    assert console("rollback", "--yes").exit_code == 1
    assert console("release").exit_code == 1
    del console.environ["INITDB_ORDERS_REFUSED"]
    assert len(list(sqlite_toy.initializer().entries())) == before
    assert console("resume").exit_code == 0
    assert console("run").exit_code == 0


def test_a_program_is_refused_as_well(console: Console, sqlite_toy: Toy) -> None:
    """The run itself looks at the settings, not only the command."""
    assert sqlite_toy.initializer().initialize().success
    refusing = sqlite_toy.initializer(orders_refused="rollback", orders_need_reason="true")
    outcome = refusing.attend(orders.roll_back(None, "why not"))
    assert outcome.error is not None and outcome.error.reference == "order-refused"
    repaired = refusing.repair()
    assert "order-without-reason" in repaired.errors[0]
    assert not refusing.repair("a disk was replaced").errors


def test_a_reason_is_needed(console: Console, sqlite_toy: Toy) -> None:
    """Empty ones are none. A boot needs none."""
    settings(console, "orders_need_reason = true")
    assert console("run").exit_code == 0
    for words in (("rollback", "--yes"), ("rollback", "--yes", "--reason", " "), ("release",), ("resume",)):
        done = console(*words)
        assert done.exit_code == 2 and "error: order-without-reason" in done.stderr, done.output
    assert console("rollback", "--yes", "--reason", "it broke the shop").exit_code == 0


@pytest.fixture
def clerk(server: PostgresServer, postgresql_url: str) -> Iterator[str]:
    """A role that owns the database, and is a member of nothing."""
    name, database = f"clerk_{uuid.uuid4().hex[:8]}", make_url(postgresql_url).database
    for statement in (
        f"CREATE ROLE {name} LOGIN",
        f"CREATE ROLE dba_of_{name}",
        f"ALTER DATABASE {database} OWNER TO {name}",
    ):
        server.admin_execute(statement)
    yield name
    server.admin_execute(f"DROP OWNED BY {name} CASCADE", database=database or "")
    server.admin_execute(f"ALTER DATABASE {database} OWNER TO postgres")
    for role in (name, f"dba_of_{name}"):
        server.admin_execute(f"DROP ROLE {role}")


def test_orders_of_a_role(tmp_path: Path, server: PostgresServer, postgresql_url: str, clerk: str) -> None:
    """A member may give them, also one that does not inherit; a role that does not exist has no members."""
    url = make_url(postgresql_url).set(username=clerk).render_as_string(hide_password=False)
    toy = Toy(tmp_path, url, options={"schema_from": "migrations"}).with_revisions()
    assert toy.initializer().initialize().success
    reserved = {"orders_by": f"dba_of_{clerk},nobody_at_all"}
    refused = toy.initializer(**reserved).attend(orders.roll_back(None))
    assert refused.error is not None and refused.error.reference == "order-refused"
    assert clerk in refused.error.context[0]
    assert toy.initializer(**reserved).initialize().success  # a boot is no order
    server.admin_execute(f"ALTER ROLE {clerk} NOINHERIT")
    server.admin_execute(f"GRANT dba_of_{clerk} TO {clerk}")
    done = toy.initializer(**reserved).attend(orders.roll_back(None))
    assert done.error is None and done.ending == "done"


def test_roles_on_sqlite(console: Console, sqlite_toy: Toy) -> None:
    """There are none, so that nobody can be a member: that is said, and not passed over."""
    assert console("run").exit_code == 0
    settings(console, 'orders_by = ["dba"]')
    done = console("rollback", "--yes")
    assert done.exit_code == 1 and "this database has none" in done.stderr
    assert console("run").exit_code == 0


def test_set_aside_and_taking_over(console: Console, sqlite_toy: Toy) -> None:
    """They are orders as well: refused where a setting says so, else an event with its reason."""
    assert console("run").exit_code == 0
    aside = ("journal", "set-aside", "4", "--reason", "a test of ours")
    for name, words in (("set-aside", aside), ("take-over", ("resume", "--take-over", "--yes"))):
        done = console(*words, "--orders-refused", name)
        assert done.exit_code == 1 and "error: order-refused" in done.stderr, done.output
    assert console(*aside).exit_code == 0
    assert last(sqlite_toy, "entry_set_aside")["reason"] == "a test of ours"
