"""The fix that an error names works if it is followed literally."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from initdb.errors import CATALOGUE, render_page
from initdb.events.head import SCHEMA_VERSION
from initdb.events.postgresql import POSTGRESQL
from initdb.events.sqlite import SQLITE
from initdb.events.views import VIEWS
from tests.bad_journals.damages import DAMAGES, Damage
from tests.bad_journals.owner import Owner, references
from tests.support.postgres_server import PostgresServer

OF_EACH_KIND = {"not JSON", "a gap", "no head row", "a head ahead", "no journal table", "no head table"}
OF_EACH_KIND |= {"version table alone", "events as jsonb", "a head of words", "emptied"}


def _each(*wanted: str, names: set[str] | None = None) -> pytest.MarkDecorator:
    """Every damage with one of these references, on each database where it can be done."""
    return pytest.mark.parametrize(
        ("database_url", "damage"),
        [
            pytest.param(database, damage, id=f"{damage.name}-{database}")
            for damage in DAMAGES
            for database in ("sqlite", "postgresql")
            if damage.reference in wanted and damage.only in (None, database)
            if names is None or damage.name in names
        ],
        indirect=["database_url"],
    )


def _is_ready(owner: Owner) -> None:
    """A boot with work becomes ready, with an intact journal and every row once."""
    done = owner.run()
    assert done.exit_code == 0, done.output
    assert owner.console("journal", "verify").exit_code == 0, owner.console("journal", "verify").output
    assert owner.sql("SELECT count(*), count(DISTINCT id) FROM t1") == [(7, 7)]
    assert owner.sql("SELECT version_num FROM alembic_version") == [("r3",)]


@pytest.fixture
def busy(owner: Owner) -> Owner:
    """There is work to do: the seeds have grown by a row."""
    owner.toy.with_seeds(6)
    return owner


@_each("journal-tampered", "journal-unreadable", "foreign-journal-table")
def test_a_backup_of_the_journal_is_put_back(busy: Owner, damage: Damage) -> None:
    """`initdb journal verify` finds the damage. Both tables come back from one backup, and work goes on."""
    backup = busy.backup()
    damage.act(busy)
    assert busy.console("journal", "verify").exit_code in (1, 5)
    busy.restore(backup)
    _is_ready(busy)


@_each("journal-tampered", "journal-unreadable", names=OF_EACH_KIND)
def test_without_a_backup_a_new_journal_is_begun(busy: Owner, damage: Damage) -> None:
    """With the statements on the error's page, the database is taken over as it is."""
    damage.act(busy)
    done = busy.follow(damage.reference, "clean-up")
    assert done[-1] == "initdb run"
    _is_ready(busy)
    types = [entry.type for entry in busy.toy.initializer().entries()]
    assert types[0] == "journal_created"
    assert "migration_applied" not in types


@_each("journal-incomplete")
def test_the_statements_that_the_error_lists_complete_the_journal(busy: Owner, damage: Damage) -> None:
    """Exactly these, in their order."""
    damage.act(busy)
    statements = re.findall(r"^ +((?:CREATE|DROP|INSERT|DELETE) .*);$", busy.run().output, flags=re.MULTILINE)
    assert statements
    busy.sql(*statements)
    _is_ready(busy)
    assert busy.sql("SELECT version_num FROM init_journal_version") == [(f"{SCHEMA_VERSION:04d}",)]


@pytest.mark.parametrize("name", ["init_journal", "init_journal_head", "init_journal_version"])
def test_a_table_of_others_gets_another_name(busy: Owner, name: str) -> None:
    """There is no journal yet, and another program uses one of its names."""
    busy.sql("DROP VIEW init_runs", "DROP VIEW init_failures")
    for table in ("init_journal_head", "init_journal", "init_journal_version"):
        busy.sql(f"DROP TABLE {table}")
    for function in ("append", "check", "move", "refuse") if busy.programs else ():
        busy.sql(f"DROP FUNCTION init_journal_{function}")
    busy.sql(f"CREATE TABLE {name} (id INTEGER, what TEXT)", f"INSERT INTO {name} VALUES (1, 'theirs')")
    output = busy.run().output
    assert references(output) == {"foreign-journal-table"}
    (statement,) = re.findall(r"fix: .*(ALTER TABLE \S+ RENAME TO \w+);", output)
    busy.sql(statement)
    _is_ready(busy)
    assert busy.sql("SELECT what FROM not_of_initdb") == [("theirs",)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_journal_gets_a_schema_of_its_own(busy: Owner) -> None:
    """Another program's table must keep its name."""
    busy.sql("DROP VIEW init_runs", "DROP VIEW init_failures")
    for table in ("init_journal_head", "init_journal", "init_journal_version"):
        busy.sql(f"DROP TABLE {table}")
    busy.sql("CREATE TABLE init_journal_head (id INTEGER)")
    assert references(busy.run().output) == {"foreign-journal-table"}
    busy.console.environ["INITDB_JOURNAL_SCHEMA"] = "toy_journal"
    _is_ready(busy)


@pytest.fixture
def statements(busy: Owner, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Name → statement of the triggers and functions of a new database, made as the page says."""
    if busy.programs is None:
        assert busy.console("run", "--database-url", "sqlite:///new.db").exit_code == 0
        with_new = Owner(busy.toy, busy.console, None)
        new = busy.console.folder / "new.db"
        here, busy.toy.url = busy.toy.url, f"sqlite:///{new}"
        made = with_new.triggers()
        busy.toy.url = here
        yield made
        return
    server: PostgresServer = request.getfixturevalue("server")
    server.admin_execute("CREATE DATABASE new")
    url = server.url("new")
    assert busy.console("run", "--database-url", url).exit_code == 0
    script = busy.program("pg_dump", "--schema-only", url)
    found = re.findall(r"^CREATE (?:TRIGGER|FUNCTION) (?:.|\n)*?;$(?=\n\n)", script, flags=re.MULTILINE)
    yield {
        re.split(r"[ (]", one.split(" ", 2)[2].replace("public.", "", 1))[0] + one[7]: one for one in found
    }
    server.admin_execute("DROP DATABASE new WITH (FORCE)")


def _with_its_keys(busy: Owner) -> None:
    """The table as it was made, with the rows of the copy."""
    database = POSTGRESQL if busy.programs else SQLITE
    (made,) = (one for one in database.ddl("") if one.startswith("CREATE TABLE init_journal ("))
    busy.sql(
        *(f"DROP VIEW {view}" for view in VIEWS),
        "CREATE TABLE copied AS SELECT * FROM init_journal",
        "DROP TABLE init_journal",
        made,
        "INSERT INTO init_journal SELECT * FROM copied",
        "DROP TABLE copied",
    )


@_each("journal-trigger-missing")
def test_the_triggers_are_put_back(busy: Owner, damage: Damage, statements: dict[str, str]) -> None:
    """The missing ones come from a new database of the same version, and nothing else changes."""
    damage.act(busy)
    output = busy.run().output
    if damage.name == "moved to another schema":
        for table in ("init_journal", "init_journal_head", "init_journal_version"):
            busy.sql(f"ALTER TABLE elsewhere.{table} SET SCHEMA public")
    elif damage.name == "a guard for replicas only":
        page = render_page("journal-trigger-missing", "postgresql")
        busy.sql(*re.findall(r"^ +(ALTER TABLE .* ENABLE TRIGGER USER);$", page, flags=re.MULTILINE))
    else:
        assert busy.console("journal", "verify").exit_code == 1
        missing = re.findall(r"^ +The (?:trigger|function) (\w+) ", output, flags=re.MULTILINE)
        if damage.name == "a copied table":
            _with_its_keys(busy)
        there = {row[0] for row in busy.sql("SELECT proname FROM pg_proc")} if busy.programs else set()
        kinds = ("F", "T") if busy.programs else ("",)
        for key in (name + kind for name in sorted({*missing}) for kind in kinds):
            if key in statements and not (key.endswith("F") and key[:-1] in there):
                busy.sql(statements[key].replace("%", "%%"))
    if damage.name == "a copied table":
        listed = re.findall(r"^ +(CREATE INDEX .*);$", busy.run().output, flags=re.MULTILINE)
        busy.sql(*listed)
    _is_ready(busy)


def test_the_application_that_the_journal_names(busy: Owner) -> None:
    """`initdb journal` shows whose it is; under that name work goes on."""
    busy.console.environ["INITDB_APPLICATION"] = "shop"
    done = busy.run()
    assert references(done.output) == {"journal-of-another-application"}
    assert "it belongs to 'toy'" in done.output
    shown = busy.console("journal", "--json").stdout
    assert '"application":"toy"' in shown.replace(" ", "")
    busy.console.environ["INITDB_APPLICATION"] = "toy"
    _is_ready(busy)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_applications_have_a_schema_each(busy: Owner) -> None:
    """As the page of journal-of-another-application says: each goes on with its own history."""
    busy.console.environ |= {"INITDB_APPLICATION": "shop", "INITDB_JOURNAL_SCHEMA": "shop_journal"}
    _is_ready(busy)
    busy.console.environ |= {"INITDB_APPLICATION": "toy", "INITDB_JOURNAL_SCHEMA": "public"}
    _is_ready(busy)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_schema_that_holds_the_journal(busy: Owner) -> None:
    """The query of the page finds it; with the setting it goes on."""
    busy.console.environ["INITDB_JOURNAL_SCHEMA"] = "other"
    before = busy.picture()
    done = busy.run()
    assert references(done.output) == {"journal-elsewhere"}
    assert busy.picture() == before
    (advice,) = (one for one in CATALOGUE["journal-elsewhere"].advice if one.topic == "troubleshooting")
    ((schema,),) = busy.sql(advice.text.partition(": ")[2])
    busy.console.environ["INITDB_JOURNAL_SCHEMA"] = schema
    _is_ready(busy)
