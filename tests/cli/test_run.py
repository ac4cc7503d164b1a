"""`initdb run` brings a database from nothing to ready, and prints what it does."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Engine

from initdb.cli.output.contract import FAILED, FIELDS
from tests.cli.console import ADMIN_PASSWORD, Console
from tests.support.toy import Toy


def test_an_empty_folder_becomes_the_identity_schema_and_what_was_assumed_is_said(console: Console) -> None:
    """Nothing configured: a SQLite file here, tenants and users, and three lines that say so."""
    console.environ["INITDB_ADMIN_PASSWORD"] = ADMIN_PASSWORD
    done = console("run")
    assert done.exit_code == 0, done.output
    assert "sqlite:///initdb.db" in done.stdout
    assert str(console.folder / "initdb.db") in done.stdout
    assert "built-in identity schema" in done.stdout
    assert "the password in INITDB_ADMIN_PASSWORD" in done.stdout
    assert ADMIN_PASSWORD not in done.output
    assert done.stdout.splitlines()[-1].startswith("ready: 7 tables created, 1 seed")
    with sqlite3.connect(console.folder / "initdb.db") as database:
        assert database.execute("SELECT username, locked FROM users").fetchall() == [("admin", 0)]


def test_without_a_terminal_the_admin_is_locked_and_that_is_said(console: Console) -> None:
    """A password that nobody would read is not made."""
    done = console.process("run")
    assert done.returncode == 0, done.stderr
    assert "without a terminal the account is locked" in done.stdout
    assert "created locked" in done.stderr
    with sqlite3.connect(console.folder / "initdb.db") as database:
        assert database.execute("SELECT username, locked FROM users").fetchall() == [("admin", 1)]


def test_each_event_is_a_line_with_its_time_and_the_end_says_what_was_done(
    console: Console, toy: Toy
) -> None:
    """A person who watches knows which revision of how many, which seed, and how long it took."""
    lines = console("run").stdout.splitlines()
    if toy.url.startswith("sqlite"):
        assert lines.pop(1) == f"creating the database {toy.url.removeprefix('sqlite:///')}"
    assert lines[0].startswith("toy on ")
    assert [line.split("  ", 1)[1].split(" (")[0] for line in lines[4:-1]] == [
        'applied revision r1 "make t1", 1 of 3',
        'applied revision r2 "make t2", 2 of 3',
        'applied revision r3 "make t3", 3 of 3',
        "seeded 10_t1.csv into t1: 5 created",
        lines[-2].split("  ", 1)[1].split(" (")[0],
    ]
    assert lines[-1].startswith("ready: 3 revisions applied, 1 seed (5 rows), validated (")
    assert lines[-1].endswith(" ms)")


def test_a_second_call_says_already_ready_and_in_how_many_ms(console: Console, toy: Toy) -> None:
    """Nothing to do is said in one line, and nothing is written."""
    console("run")
    entries = toy.types()
    again = console("run")
    assert again.exit_code == 0
    assert again.stdout.splitlines()[-1].startswith("already ready (")
    assert toy.types() == entries


def test_json_is_one_object_with_the_documented_fields(console: Console, toy: Toy) -> None:
    """Programs read what docs/commands.md says, no more and no less."""
    first, again = console.object("run"), console.object("run")
    assert first.keys() == again.keys() == FIELDS["run"].keys()
    assert (first["outcome"], first["exit_code"], first["already"], first["state"]) == (
        "ready",
        0,
        False,
        "ready",
    )
    assert first["applied"] == ["r1", "r2", "r3"]
    assert first["seeded"] == ["10_t1.csv"]
    assert [step["seq"] for step in first["steps"]] == list(range(1, len(first["steps"]) + 1))
    assert (again["already"], again["run"], again["steps"]) == (True, None, [])


def test_json_says_a_failure_before_anything_began(console: Console) -> None:
    """A bad setting is an object too, and the error stands on stderr as always."""
    done = console("run", "--json", "--database-url", "nonsense")
    assert done.exit_code == 2
    assert '"outcome": "failed"' in done.stdout
    assert "error: bad-setting" in done.stderr
    assert console.object("run", "--database-url", "nonsense").keys() == FAILED.keys()


def test_quiet_says_nothing_but_the_failure(console: Console, toy: Toy) -> None:
    """Silence is success."""
    assert console("run", "--quiet").output == ""
    toy.revision(4, "    raise ValueError('no')")
    failed = console("--quiet", "run")
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert "error: revision-failed" in failed.stderr


def test_a_failure_is_told_once_and_adopted_afterwards(console: Console, toy: Toy) -> None:
    """The second boot does not try: it says who met the failure, when, and how to try again."""
    toy.revision(4, "    raise ValueError('no such luck')")
    first = console("run")
    assert first.exit_code == 1
    assert "revision r4" in first.stderr
    assert "004_r4.py" in first.stderr
    assert "kept:" in first.stderr
    tried = toy.types()
    second = console("run")
    assert second.exit_code == 1
    assert "it was not tried again. To try again: initdb resume" in second.stderr
    assert "004_r4.py line" in second.stderr and "ValueError" in second.stderr
    assert "no such luck" not in first.output + second.output
    assert toy.types() == tried


def test_resume_tries_again_after_a_person_fixed_it(console: Console, toy: Toy) -> None:
    """The same code, another world: only a person can know."""
    toy.revision(4, "    op.execute('INSERT INTO hand_made VALUES (1)')")
    assert console("run").exit_code == 1
    toy.sql("CREATE TABLE hand_made (id INTEGER)")
    resumed = console("resume")
    assert resumed.exit_code == 0, resumed.output
    assert "1 revision applied" in resumed.stdout


def test_mode_as_an_option_only_looks_or_is_refused(console: Console, toy: Toy) -> None:
    """`--mode check` exits with 3 where there is work; the variable does not stop the work."""
    console.environ["INITDB_MODE"] = "check"
    checked = console("run", "--mode", "check")
    assert checked.exit_code == 3
    assert "error: pending-work" in checked.stderr
    assert console("run", "--mode", "off").exit_code == 2
    assert console("run").exit_code == 0
    assert console("run", "--mode", "check").exit_code == 0


def test_a_configuration_without_a_database_is_not_guessed_at(console: Console, sqlite_toy: Toy) -> None:
    """A container whose DATABASE_URL is missing must not find itself on a new SQLite file."""
    (console.folder / "initdb.toml").write_text('migrations = "alembic"\n')
    done = console("run")
    assert done.exit_code == 2
    assert "error: database-url-missing" in done.stderr
    assert not (console.folder / "initdb.db").exists()


def test_tables_are_counted_without_models_too(console: Console, toy: Toy) -> None:
    """Also those of others, and never the journal's own or the version table."""
    assert "found 0 tables, 3 revisions pending" in console("run").stdout
    toy.sql("CREATE TABLE others (id INTEGER)")
    toy.revision(4, "    pass")
    assert "found 4 tables, 1 revision pending; at revision r3" in console("run").stdout
    (console.folder / "counted_models.py").write_text(
        "from sqlalchemy import Column, Integer, MetaData, String, Table\n"
        "metadata = MetaData()\n"
        'Table("t1", metadata, Column("id", Integer, primary_key=True),\n'
        '      Column("name", String(40), nullable=False, unique=True))\n'
    )
    toy.revision(5, "    pass")
    assert (
        "found 4 tables, 1 revision pending" in console("run", "--metadata", "counted_models:metadata").stdout
    )


def test_a_first_boot_that_fails_has_made_the_journal(console: Console, engine: Engine) -> None:
    """That is said, since nothing else was changed; the next boot has changed nothing at all."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (other INTEGER)")
    (console.folder / "failing_models.py").write_text(
        "from sqlalchemy import Column, Integer, MetaData, Table\n"
        "metadata = MetaData()\n"
        'Table("t", metadata, Column("id", Integer, primary_key=True))\n'
    )
    url = engine.url.render_as_string(hide_password=False)
    words = ("--database-url", url, "--metadata", "failing_models:metadata")
    kept = "Nothing was changed{}: the tables and their rows are as they were."
    failed = console.object("run", *words)["error"]
    assert (failed["reference"], failed["kept"]) == (
        "adoption-refused",
        kept.format(" but the journal, which was created"),
    )
    assert console.object("resume", *words)["error"]["kept"] == kept.format("")
