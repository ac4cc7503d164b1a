"""`initdb eject`: what it exports, removes, keeps and refuses, and what boots and Alembic do after it."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from initdb.cli.output.contract import FIELDS
from initdb.events.baton import try_baton
from initdb.events.spool import Note
from tests.cli.console import Console
from tests.cli.terminal import on_terminal
from tests.support.guards import without_guards
from tests.support.toy import Toy


@pytest.fixture
def ready(console: Console, toy: Toy) -> Toy:
    """A database that is ready."""
    assert console("run").exit_code == 0
    return toy


def ours(toy: Toy) -> list[str]:
    """What is named like a part of a journal in the whole database."""
    if toy.url.startswith("sqlite"):
        return [str(row[0]) for row in toy.sql("SELECT name FROM sqlite_schema WHERE name LIKE 'init%'")]
    rows = toy.sql(
        "SELECT relname FROM pg_class WHERE starts_with(relname, 'init') UNION ALL"
        " SELECT proname FROM pg_proc WHERE starts_with(proname, 'init_') UNION ALL"
        " SELECT tgname FROM pg_trigger WHERE starts_with(tgname, 'init')"
    )
    return [str(row[0]) for row in rows]


def typed(console: Console, fix: str) -> None:
    """Type the command at the end of a fix."""
    words = shlex.split(fix[fix.index("initdb eject") :])
    assert console(*words[1:], "--yes").exit_code == 0


def exported(console: Console, name: str = "kept.jsonl") -> list[dict[str, object]]:
    """The lines of the file."""
    return [json.loads(line) for line in (console.folder / name).read_text("ascii").splitlines()]


def alembic(toy: Toy) -> Config:
    """Plain Alembic, as a team has it without initdb."""
    config = Config()
    config.set_main_option("script_location", str(toy.migrations))
    config.set_main_option("sqlalchemy.url", toy.url.replace("%", "%%"))
    return config


def test_everything_of_ours_is_gone_and_the_rest_is_there(console: Console, ready: Toy) -> None:
    """Tables, triggers, functions, files; the application's tables, rows and version table stay."""
    rows = ready.sql("SELECT id, name FROM t1 ORDER BY id")
    before = ready.sql(
        "SELECT seq, run, at, type, source, dest, event, prev_hash, hash FROM init_journal ORDER BY seq"
    )
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert done.exit_code == 0, done.output
    assert ours(ready) == []
    assert not list(console.folder.parent.glob("test.db-*"))
    assert ready.sql("SELECT id, name FROM t1 ORDER BY id") == rows
    assert ready.sql("SELECT version_num FROM alembic_version") == [("r3",)]
    assert [tuple(line.values()) for line in exported(console)] == before


def test_the_chain_of_the_export_can_be_checked(console: Console, ready: Toy) -> None:
    """As docs/leaving.md says: with nothing but Python."""
    console("eject", "--to", "kept.jsonl", "--yes")
    page = (Path(__file__).parents[2] / "docs/leaving.md").read_text("utf-8")
    program = page.partition("```python\n")[2].partition("```")[0]
    place: dict[str, object] = {"path": str(console.folder / "kept.jsonl"), "hashlib": hashlib}
    exec(compile(program.replace('"journal.jsonl"', "path"), "leaving.md", "exec"), place)
    lines = exported(console)
    assert place["last"] == lines[-1]["hash"]
    lines[3]["event"] = str(lines[3]["event"]).replace("r1", "rX")
    (console.folder / "kept.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    with pytest.raises(AssertionError):
        exec(compile(program.replace('"journal.jsonl"', "path"), "leaving.md", "exec"), place)


def test_a_boot_begins_anew_and_doubles_nothing(console: Console, ready: Toy) -> None:
    """As on a database that initdb adopts: no revision runs again, no row is seeded twice."""
    console("eject", "--to", "kept.jsonl", "--yes")
    assert console("run").exit_code == 0
    assert ready.sql("SELECT count(*) FROM t1") == [(6,)]
    types = ready.types()
    assert "migration_applied" not in types
    assert types[0] == "journal_created"
    assert console("eject", "--to", "again.jsonl", "--yes").exit_code == 0
    assert ours(ready) == []


def test_a_seed_function_does_not_run_twice(console: Console, toy: Toy) -> None:
    """Without the journal nobody knows that it ran; on adopted tables that is assumed."""
    (console.folder / "seeds" / "20_more.py").write_text(
        "from sqlalchemy import text\n"
        "def seed(connection):\n"
        "    number = connection.execute(text('SELECT max(id) + 1 FROM t2')).scalar_one()\n"
        "    row = {'id': number, 'name': str(number)}\n"
        "    connection.execute(text('INSERT INTO t2 (id, name) VALUES (:id, :name)'), row)\n"
    )
    assert console("run").exit_code == 0
    assert toy.sql("SELECT count(*) FROM t2") == [(2,)]
    console("eject", "--to", "kept.jsonl", "--yes")
    assert console("run").exit_code == 0
    assert toy.sql("SELECT count(*) FROM t2") == [(2,)]


def test_plain_alembic_goes_on(console: Console, ready: Toy) -> None:
    """Up, down, and with nothing left over in the next revision."""
    console("eject", "--to", "kept.jsonl", "--yes")
    ready.revision(
        4,
        "    op.create_table('t4', sa.Column('id', sa.Integer, primary_key=True))",
        "    op.drop_table('t4')",
    )
    command.upgrade(alembic(ready), "head")
    assert ready.sql("SELECT version_num FROM alembic_version") == [("r4",)]
    command.downgrade(alembic(ready), "r3")
    command.upgrade(alembic(ready), "head")
    assert ready.sql("SELECT count(*) FROM t4") == [(0,)]


def test_the_object_has_the_documented_fields(console: Console, ready: Toy) -> None:
    """What was removed, and what is left for a person."""
    number = ready.sql("SELECT seq, hash FROM init_journal_head")[0]
    found = console.object("eject", "--to", "kept.jsonl", "--yes")
    assert found.keys() == FIELDS["eject"].keys()
    assert (found["outcome"], found["entries"], found["hash"]) == ("ejected", *number)
    assert {"table init_journal", "table public.init_journal"} & set(found["removed"])
    assert any("initdb.toml" in line for line in found["left"])
    assert found["findings"] == found["warnings"] == []
    again = console.object("eject", "--to", "kept.jsonl", "--yes")
    assert again.keys() == FIELDS["eject"].keys()
    assert (again["outcome"], again["removed"], again["file"]) == ("nothing", [], None)


def test_it_asks_on_a_terminal(console: Console, sqlite_toy: Toy) -> None:
    """No leaves all; yes does it."""
    console("run")
    code, shown = on_terminal(
        ["eject", "--to", "kept.jsonl"], console.folder, console.environ, {"[y/N]": "n"}
    )
    assert code == 1
    assert "nothing was removed" in shown
    assert not (console.folder / "kept.jsonl").exists()
    assert sqlite_toy.types()
    code, shown = on_terminal(
        ["eject", "--to", "kept.jsonl"], console.folder, console.environ, {"[y/N]": "y"}
    )
    assert code == 0, shown
    assert ours(sqlite_toy) == []


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_elsewhere_it_needs_the_word(console: Console, ready: Toy, words: tuple[str, ...]) -> None:
    """The fix is the command with --yes."""
    done = console("eject", "--to", "kept.jsonl", *words)
    assert done.exit_code == 2
    assert "eject-unconfirmed" in done.stderr
    assert not (console.folder / "kept.jsonl").exists()
    assert "fix: Call it again with --yes: initdb eject --to kept.jsonl --yes\n" in done.stderr
    assert console("eject", "--to", "kept.jsonl", "--yes").exit_code == 0
    assert ours(ready) == []


def test_a_file_of_somebody_elses_is_not_touched(console: Console, ready: Toy) -> None:
    """Neither overwritten nor extended; the fix names a free one."""
    (console.folder / "kept.jsonl").write_text("a diary\n")
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert done.exit_code == 1
    assert (console.folder / "kept.jsonl").read_text() == "a diary\n"
    assert len(ours(ready)) > 3
    fix = next(line for line in done.stderr.splitlines() if line.startswith("fix: "))
    assert fix.endswith("initdb eject --to kept-2.jsonl --yes")
    assert console(*fix.rpartition("initdb ")[2].split()).exit_code == 0
    assert ours(ready) == []
    assert (console.folder / "kept.jsonl").read_text() == "a diary\n"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent/kept.jsonl", "No such file or directory"),
        ("seeds", "Is a directory"),
        ("link", "symbolic links"),
    ],
)
def test_what_cannot_be_written(console: Console, ready: Toy, name: str, why: str) -> None:
    """Nothing was removed, and the reason is named."""
    (console.folder / "link").symlink_to(console.folder / "elsewhere")
    done = console("eject", "--to", name, "--yes")
    assert done.exit_code == 1
    assert why in done.stderr
    assert not (console.folder / "elsewhere").exists()
    assert ready.types()


@pytest.mark.parametrize("suffix", ["", "-wal", "-initdb"])
def test_the_databases_own_files_are_no_place_for_it(console: Console, sqlite_toy: Toy, suffix: str) -> None:
    """An empty side file would be taken for the beginning of an export."""
    console("run")
    file = Path(sqlite_toy.url.removeprefix("sqlite:///") + suffix)
    before = file.read_bytes() if file.exists() else None
    done = console("eject", "--to", str(file), "--yes")
    assert done.exit_code == 1
    assert "a file of the database itself" in done.stderr
    assert (file.read_bytes() if file.exists() else None) == before
    assert sqlite_toy.types()


def test_not_while_a_run_is_at_work(console: Console, ready: Toy) -> None:
    """The baton is held: refused, with the process that holds it; afterwards the fix works."""
    initializer = ready.initializer(application="toy")
    baton = try_baton(initializer.engine, initializer.look().journal)
    assert baton is not None
    try:
        done = console("eject", "--to", "kept.jsonl", "--yes")
    finally:
        baton.release()
    assert done.exit_code == 4
    assert "another-process-at-work" in done.stderr
    assert "At work is process " in done.stderr
    assert not (console.folder / "kept.jsonl").exists()
    typed(console, next(line for line in done.stderr.splitlines() if line.startswith("fix: ")))
    assert ours(ready) == []


def test_a_view_on_the_journal_stops_it(console: Console, ready: Toy) -> None:
    """By its name, with the statement that drops it; typed, it goes on."""
    ready.sql("CREATE VIEW recent_runs AS SELECT run, at FROM init_journal")
    ready.sql("CREATE VIEW very_recent AS SELECT run FROM recent_runs")
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert done.exit_code == 1
    assert "journal-needed" in done.stderr
    assert "recent_runs" in done.stderr
    assert not (console.folder / "kept.jsonl").exists()
    assert ready.types()
    fix = next(line for line in done.stderr.splitlines() if line.startswith("fix: ")).removeprefix("fix: ")
    ready.sql(*(one for one in fix.partition(" Then: ")[0].split(";") if one.strip()))
    typed(console, fix)
    assert ours(ready) == []


def test_what_else_can_need_it(console: Console, toy: Toy) -> None:
    """A foreign key, a trigger on another table; a text that only has the name is nothing."""
    console("run")
    postgresql = toy.url.startswith("postgresql")
    toy.sql("CREATE VIEW harmless AS SELECT 'init_journal' AS named")
    toy.sql("CREATE TABLE note (id integer PRIMARY KEY, seq bigint REFERENCES init_journal (seq))")
    if postgresql:
        toy.sql("CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM init_journal")
        toy.sql("CREATE UNIQUE INDEX one ON counted (n)")
        toy.sql("CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT seq FROM init_journal_head; END")
        toy.sql(
            "CREATE TRIGGER refuse BEFORE UPDATE ON t3 FOR EACH ROW EXECUTE FUNCTION init_journal_refuse()"
        )
    else:
        toy.sql('CREATE TRIGGER logs AFTER INSERT ON t3 BEGIN SELECT seq FROM "Init_Journal_Head"; END')
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert "harmless" not in done.stderr
    if not postgresql:
        assert 'The table "note"' in done.stderr
        assert 'The trigger "logs"' in done.stderr
        toy.sql("DROP TABLE note", "DROP TRIGGER logs")
    else:
        assert "The table constraint note_seq_fkey on public.note." in done.stderr
        assert "The materialized view public.counted, which belongs to postgres." in done.stderr
        assert "index" not in done.stderr
        fix = done.stderr.partition("fix: ")[2].partition(" Then: ")[0]
        toy.sql(*(one for one in fix.split(";") if one.strip()))
    assert console("eject", "--to", "kept.jsonl", "--yes").exit_code == 0
    assert ours(toy) == []
    toy.sql("INSERT INTO t3 (id, name) VALUES (9, 'nine')")


def test_a_journal_that_somebody_changed_leaves_too(console: Console, ready: Toy) -> None:
    """It is exported as it is, and said where it is not intact."""
    engine = ready.engine()
    with engine.begin() as connection:
        without_guards(connection, "UPDATE init_journal SET event = 'no JSON' WHERE seq = 5")
    engine.dispose()
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert done.exit_code == 0, done.output
    assert "cannot be read to its end (entry 5: " in done.stderr
    assert "the journal was not intact: entry 5 has been edited" in done.stderr
    assert exported(console)[4]["event"] == "no JSON"
    assert ours(ready) == []


def test_what_is_lost_is_said_before(console: Console, ready: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A held revision, notes of outages, a database that is not ready."""
    monkeypatch.setenv("XDG_STATE_HOME", console.environ["XDG_STATE_HOME"])
    assert console("rollback").exit_code == 0
    ready.initializer(application="toy").site.spool.put(
        Note("1", "outage", "2026-11-23T08:06:41Z", {"count": 2})
    )
    done = console("eject", "--to", "kept.jsonl")
    assert "Held after a rollback: r3. Alembic's next upgrade to head applies it again." in done.stderr
    assert done.exit_code == 2
    found = console.object("eject", "--to", "kept.jsonl", "--yes")
    assert len(found["warnings"]) >= 2
    assert any(one.endswith(".jsonl") for one in found["removed"])


def test_a_missing_database_is_not_created(console: Console, sqlite_toy: Toy) -> None:
    """A mistyped path is named."""
    done = console("eject", "--to", "kept.jsonl", "--yes")
    assert done.exit_code == 1
    assert "unknown-database" in done.stderr
    assert not Path(sqlite_toy.url.removeprefix("sqlite:///")).exists()


def test_of_another_application_nothing_is_taken(console: Console, ready: Toy) -> None:
    """Its journal stays."""
    done = console("eject", "--to", "kept.jsonl", "--yes", "--application", "bank")
    assert "journal-of-another-application" in done.stderr
    assert ready.types()


def test_in_and_out_and_in_again(console: Console, ready: Toy) -> None:
    """At the end all is as after the first run, and the journal is intact."""
    for number in range(3):
        assert console("eject", "--to", f"{number}.jsonl", "--yes").exit_code == 0
        assert console("run").exit_code == 0
    assert console("journal", "verify").exit_code == 0
    assert console("status").exit_code == 0
    assert ready.sql("SELECT count(*) FROM t1") == [(6,)]
