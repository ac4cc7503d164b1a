"""Four roles from the printed SQL alone: each can do its work, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shlex
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from initdb.events.verify_export import verify
from tests.support.postgres_server import PostgresServer
from tests.trust.four import Four, made


@pytest.fixture(scope="module")
def four(_session_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    """The script was run, the owner booted, and the script was run again, as it says."""
    made_four = fresh_four(_session_server, tmp_path_factory.mktemp("four"))
    made_four.run_script()
    assert made_four.types("administrator", "run", "--work-url", made_four.url("owner")).exit_code == 0
    made_four.run_script()
    yield made_four
    made_four.drop()


@pytest.fixture
def fresh(server: PostgresServer, tmp_path: Path) -> Iterator[Four]:
    """A fresh database, on which nothing was run."""
    made_four = fresh_four(server, tmp_path)
    yield made_four
    made_four.drop()


def fresh_four(server: PostgresServer, folder: Path) -> Four:
    ours = ("INITDB_", "DATABASE_URL", "FLASK_", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "TTY_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environ |= {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    return made(server, f"shop_{uuid.uuid4().hex[:8]}", folder / "project", environ)


def test_the_initializer_works(four: Four) -> None:
    """It applies a revision, which alters a table that the owner has made. It needs no setting."""
    four.toy.tables += 1
    four.toy.with_revisions()
    done = four.types("initializer", "run", trusting=False)
    assert done.exit_code == 0, done.output
    assert "applied revision" in done.output
    assert four.sql("initializer", "ALTER TABLE t1 ADD COLUMN more text", "ALTER TABLE t1 DROP more") == []


def test_the_owner_works_as_well(four: Four) -> None:
    """Also after the initializer has made tables."""
    assert four.types("owner", "run", trusting=False).exit_code == 0
    four.sql("owner", "ALTER TABLE t1 ADD COLUMN other text", "ALTER TABLE t1 DROP other")


def test_the_application_serves(four: Four) -> None:
    """A check of a boot passes. It writes rows, also of tables that were made later."""
    done = four.types("application", "run", "--mode", "check")
    assert done.exit_code == 0, done.output
    four.sql("initializer", "CREATE TABLE IF NOT EXISTS later (id serial PRIMARY KEY, name text)")
    for table in ("t1", "later"):
        four.sql(
            "application",
            f"INSERT INTO {table} (name) VALUES ('new') ON CONFLICT DO NOTHING",
            f"UPDATE {table} SET name = 'newer' WHERE name = 'new'",
            f"DELETE FROM {table} WHERE name = 'newer'",
        )
    four.sql("initializer", "DROP TABLE later")


def test_the_auditor_verifies_and_exports(four: Four) -> None:
    """It reads the journal whole."""
    done = four.types("auditor", "journal", "verify")
    assert done.exit_code == 0 and done.stdout.startswith("intact"), done.output
    exported = four.types("auditor", "journal", "export").stdout.splitlines(keepends=True)
    assert len(exported) > 5 and list(verify(exported, set())) == []
    assert "role " + four.role("owner") in four.types("auditor", "journal").stdout
    assert four.types("auditor", "replay").exit_code == 0
    assert four.types("auditor", "journal", "checkpoint").exit_code == 0


_WRITES = (
    "INSERT INTO init_journal SELECT * FROM init_journal",
    "UPDATE init_journal SET event = event",
    "DELETE FROM init_journal",
    "TRUNCATE init_journal",
    "INSERT INTO init_journal_head SELECT * FROM init_journal_head",
    "UPDATE init_journal_head SET id = id",
    "UPDATE init_journal_head SET seq = 1",
    "DELETE FROM init_journal_head",
    "TRUNCATE init_journal_head",
    "UPDATE init_journal_version SET version_num = '0001'",
    "SELECT * FROM init_journal_head FOR UPDATE",
    "BEGIN; LOCK TABLE init_journal IN EXCLUSIVE MODE",
)
_ALTERS = (
    "ALTER TABLE init_journal DISABLE TRIGGER ALL",
    "ALTER TABLE init_journal ADD COLUMN more text",
    "ALTER TABLE init_journal_head OWNER TO CURRENT_USER",
    "ALTER TABLE init_journal ENABLE ROW LEVEL SECURITY",
    "DROP TABLE init_journal",
    "DROP TRIGGER init_journal_keep ON init_journal",
    "CREATE INDEX ON init_journal (at)",
    "CREATE RULE r AS ON INSERT TO init_journal DO INSTEAD NOTHING",
    "CREATE TRIGGER t BEFORE INSERT ON init_journal EXECUTE FUNCTION"
    " pg_catalog.suppress_redundant_updates_trigger()",
    "CREATE OR REPLACE FUNCTION init_journal_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "DROP FUNCTION init_journal_check() CASCADE",
    "COMMENT ON TABLE init_journal IS ''",
    "DROP SCHEMA public CASCADE",
)


@pytest.mark.parametrize("statement", [*_WRITES, *_ALTERS])
@pytest.mark.parametrize("part", ["application", "auditor"])
def test_neither_application_nor_auditor_writes_the_journal(four: Four, part: str, statement: str) -> None:
    """The server refuses, for lack of a privilege."""
    assert four.refusal(part, statement) == "42501"


@pytest.mark.parametrize("statement", [*_WRITES[1:5], *_WRITES[6:10], _WRITES[11], *_ALTERS])
def test_the_initializer_only_appends(four: Four, statement: str) -> None:
    """It has no other right. The one to lock the head is refused by a trigger when it is used."""
    assert four.refusal("initializer", statement) == "42501"
    assert four.refusal("initializer", "UPDATE init_journal_head SET id = id") == "IJ001"


@pytest.mark.parametrize("part", ["initializer", "application", "auditor"])
def test_only_the_owner_sets_an_entry_aside(four: Four, part: str) -> None:
    """The others are refused, and nothing is written."""
    before = four.sql("administrator", "SELECT seq, hash FROM init_journal_head")
    done = four.types(part, "journal", "set-aside", "2", "--reason", "it should go")
    assert done.exit_code != 0
    assert four.sql("administrator", "SELECT seq, hash FROM init_journal_head") == before


@pytest.mark.parametrize(
    ("part", "statement"),
    [
        *[(part, "CREATE TABLE planted (id int)") for part in ("application", "auditor")],
        *[(part, "CREATE FUNCTION f() RETURNS int AS 'SELECT 1'") for part in ("application", "auditor")],
        *[(part, "DROP TABLE t1") for part in ("application", "auditor")],
        *[(part, "TRUNCATE t1") for part in ("application", "auditor")],
        *[(part, "UPDATE alembic_version SET version_num = 'r1'") for part in ("application", "auditor")],
        *[("auditor", f"{verb} t1") for verb in ("SELECT FROM", "DELETE FROM")],
        ("auditor", "SELECT FROM alembic_version"),
        ("auditor", "SELECT nextval('t1_id_seq')"),
        ("application", "SELECT setval('t1_id_seq', 1)"),
        ("application", "CREATE SCHEMA planted"),
        ("initializer", "CREATE SCHEMA planted"),
        ("initializer", "CREATE ROLE planted"),
    ],
)
def test_nothing_else(four: Four, part: str, statement: str) -> None:
    """No role has a right that its part does not need."""
    assert four.refusal(part, statement) == "42501"


@pytest.mark.parametrize("part", ["initializer", "application", "auditor"])
def test_nobody_becomes_the_owner(four: Four, part: str) -> None:
    """They are no members of it."""
    for other in {"owner", "initializer"} - {part}:
        assert four.refusal(part, f'SET ROLE "{four.role(other)}"') == "42501"


def test_a_boot_without_the_setting_begins_nothing_anew(four: Four) -> None:
    """Not as a superuser either, who could make a schema for another journal."""
    for part in ("administrator", "application"):
        done = four.types(part, "run", "--mode", "work", trusting=False)
        assert done.exit_code != 0 and "journal-of-a-stranger" in done.output
    assert four.sql("administrator", "SELECT FROM pg_namespace WHERE nspname = 'initdb'") == []


def test_a_grant_on_all_tables(four: Four) -> None:
    """`doctor` names what it gave. The owner's next run takes what is dangerous, the script all of it."""
    application, owner = four.role("application"), four.role("owner")
    for kind in ("TABLES", "SEQUENCES"):
        four.sql("administrator", f'GRANT ALL ON ALL {kind} IN SCHEMA public TO "{application}"')
    said = four.types("initializer", "doctor").stdout
    assert f"{application} may append to the journal" in said
    assert f"REVOKE TRIGGER ON public.init_journal FROM {application}" in said
    assert four.refusal("application", "DELETE FROM init_journal") == "IJ001"
    four.toy.tables += 1
    four.toy.with_revisions()
    done = four.types("owner", "run")
    assert done.exit_code == 0, done.output
    assert "rights_revoked" in four.types("auditor", "journal").stdout
    for statement in (*_WRITES[1:4], _WRITES[-1]):
        assert four.refusal("application", statement) == "42501"
    assert f"{application} may append to the journal" in four.types("initializer", "doctor").stdout
    four.run_script()
    assert four.refusal("application", _WRITES[0]) == "42501"
    said = four.types("initializer", "doctor").stdout
    assert "may append to the journal" not in said and owner in said
    # The owner's run has made a table: the script has given it to the initializer.
    four.sql("initializer", f"ALTER TABLE t{four.toy.tables} ADD COLUMN more text")
    four.sql("initializer", f"ALTER TABLE t{four.toy.tables} DROP COLUMN more")


def test_the_script_again_changes_nothing(four: Four) -> None:
    """It is the same, and it runs."""
    before = four.script()
    four.run_script()
    assert four.script() == before
    assert four.types("auditor", "journal", "verify").exit_code == 0


def test_the_owner_of_the_database_runs_it(fresh: Four) -> None:
    """It is no superuser, may create roles, and becomes the owner of the journal."""
    boss = f"{fresh.database}_boss"
    fresh.server.admin_execute(f'CREATE ROLE "{boss}" LOGIN CREATEROLE')
    fresh.server.admin_execute(f'ALTER DATABASE "{fresh.database}" OWNER TO "{boss}"')
    fresh.administrator = fresh.names["owner"] = boss
    fresh.run_script()
    assert fresh.types("owner", "run", trusting=False).exit_code == 0
    fresh.run_script()
    fresh.toy.tables += 1
    fresh.toy.with_revisions()
    for part, words in {"initializer": (), "application": ("--mode", "check")}.items():
        # The owner of the database is trusted without the setting.
        done = fresh.types(part, "run", *words, trusting=False)
        assert done.exit_code == 0, done.output
    assert fresh.types("auditor", "journal", "verify", trusting=False).exit_code == 0


def test_what_was_given_before(fresh: Four) -> None:
    """The script takes from each role what its part does not need, and gives what PUBLIC has not any more."""
    names = {part: f'"{fresh.role(part)}"' for part in ("owner", "initializer", "application", "auditor")}
    for name in names.values():
        fresh.server.admin_execute(f"CREATE ROLE {name} LOGIN")
    for statement in (
        f"GRANT {names['owner']}, {names['initializer']} TO {names['application']}",
        f"GRANT {names['owner']} TO {names['initializer']}",
        f'REVOKE CONNECT ON DATABASE "{fresh.database}" FROM PUBLIC',
        f"ALTER SCHEMA public OWNER TO {names['application']}",
        f"GRANT CREATE ON SCHEMA public TO PUBLIC, {names['application']}",
    ):
        fresh.sql("administrator", statement)
    fresh.run_script()
    done = fresh.types("owner", "run")
    assert done.exit_code == 0, done.output
    fresh.run_script()
    for part in ("application", "auditor"):
        for statement in ("CREATE TABLE planted (id int)", "DROP SCHEMA public CASCADE", *_WRITES, *_ALTERS):
            assert fresh.refusal(part, statement) == "42501", statement
    for part in ("initializer", "application"):
        assert fresh.refusal(part, f"SET ROLE {names['owner']}") == "42501"
    for part, mode in {"initializer": "work", "application": "check"}.items():
        assert fresh.types(part, "run", "--mode", mode).exit_code == 0
        done = fresh.types(part, "doctor", "--mode", mode)
        assert done.exit_code == 0, done.output


@pytest.mark.parametrize("table", ["alembic_version", "t1"])
def test_the_initializer_does_not_reach_the_owner(fresh: Four, table: str) -> None:
    """Its trigger would run as the owner, who writes to its table. It is named first, and does not run."""
    fresh.run_script()
    assert fresh.types("owner", "run").exit_code == 0
    fresh.run_script()
    fresh.sql(
        "initializer",
        "CREATE TABLE sprung (who text)",
        "GRANT ALL ON sprung TO PUBLIC",
        "CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO public.sprung VALUES (current_user); RETURN NEW; END $$",
        f"CREATE TRIGGER lure BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION spring()",
    )
    fresh.toy.tables += 1
    fresh.toy.with_revisions().with_seeds(9)
    done = fresh.types("owner", "run")
    assert done.exit_code == 1 and f"public.{table} would run code of" in done.output
    assert fresh.sql("administrator", "SELECT who FROM sprung") == []
    # It is the initializer's own code, so there is nothing wrong with it where that works.
    assert fresh.types("initializer", "resume").exit_code == 0
    assert {who for (who,) in fresh.sql("administrator", "SELECT who FROM sprung")} == {
        fresh.role("initializer")
    }


def test_an_older_journal_waits_for_its_owner(fresh: Four) -> None:
    """The initializer cannot bring its tables to a newer version. It is said who can, and then it goes on."""
    fresh.run_script()
    assert fresh.types("owner", "run").exit_code == 0
    fresh.run_script()
    fresh.sql(
        "owner",
        "ALTER TABLE init_journal_head DISABLE TRIGGER init_journal_head_move",
        "UPDATE init_journal_head SET schema_version = 3",
        "ALTER TABLE init_journal_head ENABLE TRIGGER init_journal_head_move",
        "DROP TRIGGER init_journal_check ON init_journal",
        "DROP FUNCTION init_journal_check()",
        "UPDATE init_journal_version SET version_num = '0003'",
    )
    fresh.toy.tables += 1
    fresh.toy.with_revisions()
    assert f"which only {fresh.role('owner')} can" in fresh.types("initializer", "doctor").stdout
    refused = fresh.types("initializer", "run")
    assert refused.exit_code == 1 and "journal-not-owned" in refused.output
    assert f"It belongs to {fresh.role('owner')}." in refused.output
    (typed,) = re.findall(r"^fix: Let its owner do it once: initdb (.*)$", refused.output, re.MULTILINE)
    assert fresh.console(*shlex.split(typed)).exit_code == 0
    fresh.run_script()
    assert fresh.types("initializer", "run").exit_code == 0
    assert fresh.types("auditor", "journal", "verify").exit_code == 0
    assert fresh.refusal("application", "INSERT INTO init_journal DEFAULT VALUES") == "42501"


def test_names_with_anything_in_them(fresh: Four) -> None:
    """They are quoted. The journal is in a schema of its own, of which the application has no more."""
    fresh.names = {
        "owner": f'own er\'s "{fresh.database}"',
        "initializer": f"$initdb$ {fresh.database}",
        "application": f"--{fresh.database};\\",
        "auditor": f"Auditor:{fresh.database}",
    }
    toml = fresh.toy.folder / "initdb.toml"
    toml.write_text(toml.read_text() + "journal_schema = \"The 'journal'\"\n")
    fresh.run_script()
    done = fresh.types("owner", "run")
    assert done.exit_code == 0, done.output
    fresh.run_script()
    assert fresh.types("initializer", "run").exit_code == 0
    assert fresh.types("application", "run", "--mode", "check").exit_code == 0
    assert fresh.types("auditor", "journal", "verify").exit_code == 0
    assert fresh.refusal("initializer", "CREATE TABLE \"The 'journal'\".planted (id int)") == "42501"
    assert fresh.refusal("auditor", "SELECT FROM t1") == "42501"


def test_an_application_that_has_owned_everything(fresh: Four) -> None:
    """As it is with one role. The script takes the journal, the schemas and the tables from it."""
    role = f"{fresh.database}_application"
    fresh.server.admin_execute(f'CREATE ROLE "{role}" LOGIN')
    fresh.server.admin_execute(f'ALTER DATABASE "{fresh.database}" OWNER TO "{role}"')
    assert fresh.types("application", "run", trusting=False).exit_code == 0
    fresh.sql("application", "CREATE TYPE colour AS ENUM ('red')", "CREATE VIEW names AS SELECT name FROM t1")
    fresh.run_script()
    fresh.toy.tables += 1
    fresh.toy.with_revisions()
    done = fresh.types("initializer", "run")
    assert done.exit_code == 0, done.output
    assert fresh.types("application", "run", "--mode", "check").exit_code == 0
    fresh.sql("initializer", "ALTER TYPE colour ADD VALUE 'blue'")
    fresh.sql("application", "SELECT * FROM names", "UPDATE t1 SET name = name")
    for statement in (*_WRITES, *_ALTERS, "DROP TABLE t1", "DROP VIEW names"):
        assert fresh.refusal("application", statement) == "42501", statement
    assert fresh.types("auditor", "journal", "verify").exit_code == 0


def test_a_strangers_table_is_left_alone(fresh: Four) -> None:
    """The script names it, gives it to nobody, and gives nobody a right on it."""
    stranger = f"{fresh.database}_stranger"
    fresh.server.admin_execute(f'CREATE ROLE "{stranger}" LOGIN')
    try:
        fresh.sql("administrator", f'GRANT CREATE ON SCHEMA public TO "{stranger}"')
        fresh.sql("administrator", f'SET ROLE "{stranger}"; CREATE TABLE public.alembic_version (id int)')
        assert '"alembic_version"' not in fresh.script()
    finally:
        fresh.sql("administrator", f'DROP OWNED BY "{stranger}"')
        fresh.server.admin_execute(f'DROP ROLE "{stranger}"')


@pytest.mark.parametrize(
    "words",
    [
        ("--role", "owner=me"),
        ("--sql", "--role", "boss=me"),
        ("--sql", "--role", "owner"),
        ("--sql", "--role", "owner=me", "--role", "owner=you"),
        ("--sql", "--role", "owner=me", "--role", "auditor=me"),
        ("--sql", "--role", "owner=pg_monitor"),
        ("--sql", "--role", "owner=a\nb"),
        ("--sql", "--role", f"owner={'a' * 64}"),
    ],
)
def test_wrong_names(four: Four, words: tuple[str, ...]) -> None:
    """They are refused as wrong usage, before anything is printed."""
    done = four.types("administrator", "doctor", *words)
    assert done.exit_code == 2 and not done.stdout and "--role" in done.stderr


def test_as_json(four: Four) -> None:
    """One object, with the script."""
    done = four.types("administrator", "doctor", "--sql", "--json")
    said, printed = json.loads(done.stdout)["sql"].splitlines(), four.script().splitlines()
    assert len(said) == len(printed)
    # The comments name commands as they are typed here.
    assert all(one == other for one, other in zip(said, printed, strict=True) if not other.startswith("--"))


def test_a_file_has_no_roles(four: Four, tmp_path: Path) -> None:
    """For SQLite there is nothing to print."""
    done = four.console("doctor", "--sql", "--database-url", f"sqlite:///{tmp_path}/a.db")
    assert done.exit_code != 0 and "SQLite has no roles" in done.stderr
