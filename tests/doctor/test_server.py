"""What a PostgreSQL server, a role or a session has that a run would stumble over; each fix is typed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url

from initdb.doctor import database, sessions
from initdb.doctor import server as server_module
from initdb.doctor.server import Server, Setting
from initdb.events.baton import try_baton
from tests.cli.console import Console
from tests.doctor.conftest import as_role
from tests.doctor.examined import examine
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres_server import PostgresServer
from tests.support.standby import Standby
from tests.support.toy import Toy


def name_of(toy: Toy) -> str:
    """The database's name."""
    return make_url(toy.url).database or ""


def test_as_it_should_be(console: Console, pg: Toy, owner: str) -> None:
    """The owner of a fresh database: no problem and no warning, also with its journal."""
    words = ("--database-url", as_role(pg, owner))
    found = examine(console, *words)
    assert found.problems == []
    assert [
        text for text in found.warnings if "initdb means" not in text and "database_url" not in text
    ] == []
    assert found.says("ok", "There is no journal yet")
    assert console("run", *words).exit_code == 0
    found = examine(console, *words)
    assert found.problems == []
    assert found.says("ok", "It owns the journal.")
    assert found.says("ok", "entries in the schema public")


def test_a_superuser(console: Console, pg: Toy) -> None:
    """A warning; the fix makes an owner, and as that owner there is none."""
    found = examine(console)
    assert found.says("warning", "postgres is a superuser")
    pg.sql(*found.sql("is a superuser"))
    mended = examine(console, "--database-url", as_role(pg, f"{name_of(pg)}_owner"))
    assert not mended.says("warning", "is a superuser")
    assert mended.problems == []
    pg.sql(f'ALTER DATABASE "{name_of(pg)}" OWNER TO postgres', f'DROP ROLE "{name_of(pg)}_owner"')


def test_no_right_to_create(console: Console, pg: Toy, role: str) -> None:
    """A role without rights in the schema."""
    words = ("--database-url", as_role(pg, role))
    found = examine(console, *words)
    assert found.problems == [f"{role} may not create tables in the schema public."]
    assert console("run", *words, "--wait-limit", "0").exit_code == 1
    pg.sql(*found.sql("may not create tables"))
    assert examine(console, *words).problems == []
    assert console("run", *words).exit_code == 0


def test_a_schema_that_cannot_be_created(console: Console, pg: Toy, role: str) -> None:
    """The journal's own."""
    pg.sql(f'GRANT CREATE ON SCHEMA public TO "{role}"')
    words = ("--database-url", as_role(pg, role), "--journal-schema", "ops")
    found = examine(console, *words)
    assert found.problems == [f"The schema ops does not exist, and {role} may not create it."]
    pg.sql(*found.sql("ops does not exist"))
    assert examine(console, *words).problems == []
    assert console("run", *words).exit_code == 0


def test_no_schema_at_all(console: Console, pg: Toy, owner: str) -> None:
    """The search_path names none that exists."""
    pg.sql(f'ALTER ROLE "{owner}" SET search_path = absent')
    words = ("--database-url", as_role(pg, owner))
    found = examine(console, *words)
    assert found.problems == [
        f"No schema of the search_path (absent) exists, or {owner} may use none of them."
    ]
    pg.sql(*found.sql("search_path"))
    assert examine(console, *words).problems == []


def test_the_journal_of_another_role(console: Console, pg: Toy, role: str) -> None:
    """It may not be written; the fix grants exactly what is needed."""
    assert console("run").exit_code == 0
    pg.sql(
        f'GRANT CREATE, USAGE ON SCHEMA public TO "{role}"', f'GRANT SELECT ON alembic_version TO "{role}"'
    )
    words = ("--database-url", as_role(pg, role))
    found = examine(console, *words)
    assert found.problems == [f"{role} may not write the journal, which postgres owns."]
    pg.sql(*found.sql("may not write the journal"))
    mended = examine(console, *words)
    assert mended.problems == []
    assert mended.says("ok", "It may write the journal, which postgres owns.")
    assert mended.says("warning", "postgres owns 4 tables, such as public.alembic_version")
    pg.sql(*mended.sql("postgres owns 4 tables"))
    assert not examine(console, *words).says("warning", "postgres owns")


def test_a_process_that_only_reads(console: Console, pg: Toy, role: str) -> None:
    """With mode = wait it needs no more than to read."""
    assert console("run").exit_code == 0
    words = ("--database-url", as_role(pg, role), "--mode", "wait")
    found = examine(console, *words)
    assert found.problems == [f"{role} may not read the journal, which postgres owns."]
    pg.sql(*found.sql("may not read the journal"))
    assert examine(console, *words).problems == []


def test_everybody_may_create(console: Console, pg: Toy, owner: str) -> None:
    """As in a database of PostgreSQL 14, or one that was upgraded from it."""
    pg.sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
    words = ("--database-url", as_role(pg, owner))
    found = examine(console, *words)
    assert found.says("warning", "Every role may create objects in the schema public")
    pg.sql(*found.sql("Every role may create"))
    assert not examine(console, *words).says("warning", "Every role")


@pytest.mark.parametrize("whose", ["ROLE", "DATABASE"])
def test_read_only_by_default(
    console: Console, pg: Toy, owner: str, whose: str, server: PostgresServer
) -> None:
    """Of the role or of the database; the fix of the owner wins over both."""
    name = owner if whose == "ROLE" else name_of(pg)
    pg.sql(f'ALTER {whose} "{name}" SET default_transaction_read_only = on')
    words = ("--database-url", as_role(pg, owner))
    found = examine(console, *words)
    assert found.problems == ["default_transaction_read_only is on: nothing can be written."]
    assert examine(console, *words, "--mode", "wait").problems == []
    mine = Toy(pg.folder, as_role(pg, owner))
    mine.sql(
        "SET default_transaction_read_only = off",
        "SET transaction_read_only = off",
        *found.sql("_read_only is on"),
    )
    assert examine(console, *words).problems == []
    assert console("run", *words).exit_code == 0
    server.admin_execute(f'ALTER DATABASE "{name_of(pg)}" RESET ALL')


def test_read_only_by_the_url(console: Console, pg: Toy, owner: str) -> None:
    """No ALTER ROLE would help."""
    options = {"options": "-c default_transaction_read_only=on -c statement_timeout=9000"}
    url = make_url(as_role(pg, owner)).update_query_dict(options).render_as_string(hide_password=False)
    found = examine(console, "--database-url", url)
    assert (
        found.fix("_read_only is on")
        == "Take default_transaction_read_only out of the URL, or: unset PGOPTIONS"
    )
    assert (
        found.fix("statement_timeout is 9000 ms")
        == "Take statement_timeout out of the URL, or: unset PGOPTIONS"
    )


def test_a_standby(console: Console, pg: Toy, server: PostgresServer) -> None:
    """It can only be read."""
    with_rows = pg.sql("SELECT 1")
    assert with_rows
    standby = Standby(server)
    try:
        assert standby.caught_up(name_of(pg))
        url = standby.url(name_of(pg))
        found = examine(console, "--database-url", url)
        assert found.says("problem", "The server is a standby")
        assert "export INITDB_MODE=wait" in found.fix("is a standby")
        assert examine(console, "--database-url", url, INITDB_MODE="wait").problems == []
        standby.promote()
        assert not examine(console, "--database-url", url).says("problem", "standby")
    finally:
        standby.remove()


def test_a_limit_on_statements(console: Console, pg: Toy, owner: str) -> None:
    """A warning; limits that initdb lifts itself are none."""
    pg.sql(
        f'ALTER ROLE "{owner}" SET statement_timeout = 20000',
        f'ALTER ROLE "{owner}" SET idle_in_transaction_session_timeout = 7000',
        f'ALTER ROLE "{owner}" SET lock_timeout = 8000',
    )
    words = ("--database-url", as_role(pg, owner))
    found = examine(console, *words)
    assert found.says("warning", "statement_timeout is 20000 ms")
    assert found.says("ok", "idle_in_transaction_session_timeout is 7000 ms; initdb has its own limit")
    assert found.says("ok", "lock_timeout is 8000 ms")
    Toy(pg.folder, as_role(pg, owner)).sql(*found.sql("statement_timeout is"))
    assert not examine(console, *words).says("warning", "statement_timeout")


def test_too_few_connections(console: Console, pg: Toy, owner: str) -> None:
    """A run needs four at once: with three it fails, with four it does not."""
    words = ("--database-url", as_role(pg, owner))
    pg.sql(f'ALTER ROLE "{owner}" CONNECTION LIMIT {sessions.CONNECTIONS - 1}')
    found = examine(console, *words)
    assert found.problems == [
        f"{owner} may open 3 more connections to {name_of(pg)}; a run needs up to {sessions.CONNECTIONS}."
    ]
    assert console("run", *words, "--wait-limit", "0").exit_code == 1
    pg.sql(*found.sql("more connections"))
    assert examine(console, *words).problems == []
    pg.sql(f'ALTER ROLE "{owner}" CONNECTION LIMIT {sessions.CONNECTIONS}')
    assert examine(console, *words).problems == []
    assert console("resume", *words, "--wait-limit", "0").exit_code == 0


@pytest.fixture
def bouncer(server: PostgresServer) -> Iterator[PgBouncer]:
    """Transaction pooling."""
    bouncer = PgBouncer(server, pool_size=5)
    yield bouncer
    bouncer.close()


def test_a_pooler_in_transaction_mode(
    console: Console, pg: Toy, bouncer: PgBouncer, server: PostgresServer
) -> None:
    """Named; with a work_url that leads to the server it is gone."""
    words = ("--database-url", bouncer.url(pg.url))
    found = examine(console, *words)
    assert found.says("warning", "A pooler in transaction mode is in between")
    variable, value = found.fix("A pooler").rpartition("export ")[2].split("=", 1)
    there = make_url(value).set(host=server.host, port=server.port).render_as_string(hide_password=False)
    assert not examine(console, **{variable: there}).says("warning", "A pooler")


@pytest.mark.parametrize(("size", "seconds"), [(5, 3.0), (1, 1.0)])
def test_a_pooler_in_session_mode(
    console: Console,
    pg: Toy,
    server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    seconds: float,
) -> None:
    """It is none to stumble over, also if it has no second session to give."""
    monkeypatch.setattr(server_module, "WAITING", seconds)
    bouncer = PgBouncer(server, pool_size=size, mode="session")
    try:
        found = examine(console, "--database-url", bouncer.url(pg.url))
    finally:
        bouncer.close()
    assert found.says("ok", "A pooler is in between, which gives each client a session of its own.")
    assert found.problems == []


def test_what_others_left_open(console: Console, pg: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle session in a transaction, and a prepared transaction; each is ended by its fix."""
    pg.sql("CREATE TABLE theirs (a integer)")
    engine = create_engine(pg.url, connect_args={"application_name": "a console"})
    pg.sql("SELECT 1")
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM theirs").all()
        assert not examine(console).says("warning", "a console")
        monkeypatch.setattr(sessions, "LONG", 0.0)
        found = examine(console)
        assert found.says("warning", "(a console, user postgres) has left a transaction open")
        pg.sql(*found.sql("a console"))
        connection.invalidate()
    engine.dispose()
    raw = create_engine(pg.url).raw_connection()
    raw.cursor().execute("INSERT INTO theirs VALUES (1)")
    raw.cursor().execute("PREPARE TRANSACTION 'it''s left'")
    raw.close()
    found = examine(console)
    assert not found.says("warning", "a console")
    assert found.says("warning", "The prepared transaction it's left of postgres")
    engine = create_engine(pg.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(found.fix("prepared transaction").replace("%", "%%"))
    engine.dispose()
    assert not examine(console).says("warning", "prepared transaction")


def test_the_run_at_work_is_nobody_who_left(
    console: Console, pg: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its idle transaction is the baton."""
    monkeypatch.setattr(sessions, "LONG", 0.0)
    assert console("run").exit_code == 0
    initializer = pg.initializer(application="toy")
    baton = try_baton(initializer.engine, initializer.look().journal)
    assert baton is not None
    found = examine(console)
    baton.release()
    assert found.says("ok", "A run is at work now")
    assert not found.says("warning", "left a transaction open")


def test_a_collation_of_another_version(console: Console, pg: Toy, server: PostgresServer) -> None:
    """As after the image of the server has a newer system. Some locales have no version to compare."""
    name = f"{name_of(pg)}_other"
    has_versions = server.admin_execute("SELECT current_setting('server_version_num')::int >= 170000")[0][0]
    provider = " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if has_versions else ""
    server.admin_execute(f"CREATE DATABASE {name} TEMPLATE template0{provider}")
    try:
        server.admin_execute(f"UPDATE pg_database SET datcollversion = '1.2' WHERE datname = '{name}'")
        url = make_url(pg.url).set(database=name).render_as_string(hide_password=False)
        found = examine(console, "--database-url", url)
        assert found.says("warning", "created with version 1.2 of its collation") is has_versions
        for statement in found.sql("of its collation") if has_versions else ():
            server.admin_execute(statement, database=name)
        assert not examine(console, "--database-url", url).says("warning", "collation")
    finally:
        server.admin_execute(f"DROP DATABASE {name}")


def test_a_server_that_does_not_wait_for_its_disk(console: Console, pg: Toy, server: PostgresServer) -> None:
    """Its administrator turns that on again."""
    server.admin_execute("ALTER SYSTEM SET full_page_writes = off")
    server.reload()
    try:
        found = examine(console)
        assert found.says("warning", "The server runs with full_page_writes = off")
        for statement in found.sql("full_page_writes"):
            server.admin_execute(statement)
        server.reload()
        assert not examine(console).says("warning", "full_page_writes")
    finally:
        server.admin_execute("ALTER SYSTEM RESET full_page_writes")
        server.reload()


def test_two_clocks(console: Console, pg: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """This host's is hours ahead or behind; behind, the journal's last entry is in the future too."""
    assert console("run").exit_code == 0
    real = time.time
    for hours, how in ((-3, "ahead of"), (3, "behind")):
        monkeypatch.setattr(database, "_now", lambda off=hours * 3600: real() + off)
        found = examine(console)
        assert found.says("warning", f"s {how} the clock of this host")
        assert "timedatectl set-ntp true" in found.fix("the clock of this host")
        assert found.says("ok", "that of the database's session is")
    monkeypatch.undo()
    assert not examine(console).says("warning", "clock")


def test_an_older_server_and_another_encoding() -> None:
    """Facts that no server of the tests has."""
    old = sessions.judge_sessions(
        made(version_number=130011, version="13.11", encoding="SQL_ASCII"), works=True
    )
    texts = [(one.level, one.text) for one in old]
    assert ("problem", "The server is PostgreSQL 13.11; initdb needs 14 or later.") in texts
    assert ("warning", "The encoding of the database is SQL_ASCII: not every text can be stored.") in texts


def made(**facts: object) -> Server:
    """A server as it should be, but for some facts."""
    usual: dict[str, object] = {
        "version": "16.4",
        "version_number": 160004,
        "role": "app",
        "superuser": False,
        "connections": None,
        "database": "shop",
        "owner": "app",
        "creates_schemas": True,
        "default_schema": "public",
        "encoding": "UTF8",
        "standby": False,
        "settings": dict.fromkeys(("default_transaction_read_only", "statement_timeout"), SETTING),
        "schemas": (),
        "others_tables": (),
        "journal": None,
        "idle": (),
        "prepared": (),
        "collation": None,
    }
    return Server(**{**usual, **facts})  # type: ignore[arg-type]


SETTING = Setting("0", "default")
