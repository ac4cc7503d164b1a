"""status, plan, validate, repair, rollback, release: what each prints, does, and leaves alone."""

from __future__ import annotations

import pytest

from initdb.cli.output.contract import FIELDS
from tests.cli.console import Console
from tests.support.toy import Toy

LOOKING = ["status", "plan", "validate", "journal"]


@pytest.mark.parametrize("command", LOOKING)
def test_looking_makes_nothing(console: Console, toy: Toy, command: str) -> None:
    """On an empty database: no file, no table, no journal."""
    assert console(command).exit_code in (0, 1, 3)
    if toy.url.startswith("sqlite"):
        assert not list(console.folder.parent.glob("test.db*"))
    else:
        assert toy.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_looking_writes_nothing_on_a_ready_database(console: Console, toy: Toy) -> None:
    """The journal is as it was."""
    console("run")
    before = toy.types()
    for command in LOOKING:
        assert console(command).exit_code == 0, command
    assert toy.types() == before


def test_status_says_where_it_stands(console: Console, toy: Toy) -> None:
    """Before, after, and after a failure; the object has the documented fields."""
    assert "work (there is work: first boot)" in console("status").stdout
    console("run")
    ready = console("status")
    assert "ready (a boot does nothing)" in ready.stdout
    assert "revision     r3" in ready.stdout
    assert "seeds        10_t1.csv" in ready.stdout
    toy.revision(4, "    raise ValueError('no')")
    assert "migrations" in console("status").stdout
    console("run")
    failed = console("status")
    assert failed.exit_code == 1
    assert "failure      revision-failed (journal entry" in failed.stdout
    found = console.object("status")
    assert found.keys() == FIELDS["status"].keys()
    assert found["failure"]["error"]["reference"] == "revision-failed"
    assert (found["rows"], found["seeds"], found["at_work"]) == (["r3"], ["10_t1.csv"], False)


def test_plan_says_what_run_then_does(console: Console, toy: Toy) -> None:
    """Revisions in order, seeds, validation; and why there is nothing to do."""
    planned = console.object("plan")
    assert planned.keys() == FIELDS["plan"].keys()
    steps = [(step["step"], step["subject"]) for step in planned["steps"]]
    assert steps == [
        ("migrate", "r1"),
        ("migrate", "r2"),
        ("migrate", "r3"),
        ("seed", "10_t1.csv"),
        ("validate", "schema, constraints, rows, seeds and rules"),
    ]
    assert planned["steps"][0]["note"] == "make t1"
    shown = console("plan").stdout
    assert "found behind; a boot would begin (first boot), and then:" in shown
    done = console.object("run")
    assert done["applied"] == [subject for step, subject in steps if step == "migrate"]
    assert done["seeded"] == [subject for step, subject in steps if step == "seed"]
    assert "a boot does nothing" in console("plan").stdout
    assert console.object("plan")["steps"] == []


def test_plan_says_which_revision_is_not_in_one_transaction(console: Console, sqlite_toy: Toy) -> None:
    """Before it is begun, with what becomes of it if it is interrupted."""
    sqlite_toy.revision(4, "    with op.get_context().autocommit_block():\n        op.execute('SELECT 1')")
    assert "make t4; leaves its transaction; if" in console.object("plan")["steps"][3]["note"]


def test_plan_of_the_identity_schema(console: Console) -> None:
    """Tables, stamp, seed, validation; and what is assumed."""
    planned = console.object("plan")
    assert [step["step"] for step in planned["steps"]] == [
        "create_schema",
        "seed",
        "validate",
    ]
    assert len(planned["assumed"]) == 3
    assert not (console.folder / "initdb.db").exists()


def with_models(console: Console, toy: Toy) -> None:
    """The same application, with models in a module."""
    (console.folder / "toy_models.py").write_text(
        "import sqlalchemy as sa\n"
        "metadata = sa.MetaData()\n"
        "for n in (1, 2, 3):\n"
        "    sa.Table(f't{n}', metadata, sa.Column('id', sa.Integer, primary_key=True),\n"
        "             sa.Column('name', sa.String(40), nullable=False, unique=True))\n"
    )
    with (console.folder / "initdb.toml").open("a") as file:
        file.write('metadata = "toy_models:metadata"\n')


def test_validate_names_each_defect_and_repair_fixes_it(console: Console, toy: Toy) -> None:
    """Exit 1, with a suggestion each; then repair creates the table, and its seed comes back."""
    with_models(console, toy)
    assert console("run").exit_code == 0
    assert console("validate").exit_code == 0
    toy.sql("DROP TABLE t1")
    wrong = console("validate")
    assert wrong.exit_code == 1
    assert "error    The table t1 is missing." in wrong.stdout
    assert "initdb repair" in wrong.stdout
    found = console.object("validate")
    assert found.keys() == FIELDS["validate"].keys()
    assert (found["valid"], found["severity"]) == (False, "error")
    repaired = console.object("repair")
    assert repaired["exit_code"] == 0
    assert repaired["repaired"]
    assert repaired["seeded"] == ["10_t1.csv"]
    assert toy.sql("SELECT count(*) FROM t1") == [(5,)]
    assert console("validate").exit_code == 0


def test_repair_of_a_sound_database_validates_it_again(console: Console, toy: Toy) -> None:
    """A person asked: it looks, and says that all is well."""
    console("run")
    done = console("repair")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1].startswith("ready: validated (")


def test_rollback_holds_and_release_lets_go(console: Console, toy: Toy) -> None:
    """One revision, then several; boots leave them alone until they are released."""
    console("run")
    one = console.object("rollback")
    assert (one["outcome"], one["reverted"], one["state"]) == ("done", ["r3"], "behind")
    assert console("status").stdout.count("r3") >= 1
    several = console.object("rollback", "--to", "r1")
    assert several["reverted"] == ["r2"]
    held = console("run")
    assert held.exit_code == 0
    assert "nothing was done: r2, r3 are held (" in held.stdout
    assert console("release", "nonsense").exit_code == 2
    assert console("release", "r2").exit_code == 0
    assert console("release").exit_code == 0
    assert console("release").exit_code == 2
    assert console.object("run")["applied"] == ["r2", "r3"]


def test_rollback_says_why_it_cannot(console: Console, toy: Toy) -> None:
    """A revision that nobody knows, one that is not applied, nothing to revert: 2, and nothing is changed."""
    console("run")
    before = toy.sql("SELECT version_num FROM alembic_version")
    for words in (("rollback", "--to", "nowhere"), ("resume", "--mark-applied", "nowhere")):
        done = console(*words)
        assert done.exit_code == 2
        assert "error: no-such-revision" in done.stderr
        assert console("run").exit_code == 0, "a typing error is no failure of the code"
    assert toy.sql("SELECT version_num FROM alembic_version") == before


def test_resume_marks_what_a_person_says(console: Console, toy: Toy) -> None:
    """A revision whose work was done by hand is recorded, not run."""
    console("run")
    toy.revision(4, "    op.execute('CREATE TABLE by_hand (id INTEGER)')")
    toy.sql("CREATE TABLE by_hand (id INTEGER)")
    assert console("run").exit_code == 1
    done = console.object("resume", "--mark-applied", "r4")
    assert done["exit_code"] == 0, done
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r4",)]
    assert "marked as applied by a person" in console("journal").stdout


def test_options_before_and_after_the_command(console: Console, sqlite_toy: Toy) -> None:
    """--json and --quiet may stand before; settings may stand before `verify`."""
    console("run")
    assert console("--json", "status").stdout.startswith("{")
    assert console("journal", "--database-url", sqlite_toy.url, "verify").exit_code == 0
    assert console("--quiet", "journal", "verify").stdout == ""


def test_explain(console: Console) -> None:
    """A page, one for a database alone, a list, and an object."""
    page = console("explain", "connection-refused").stdout
    assert page.startswith("connection-refused\n")
    assert len(console("explain", "lock-timeout", "--database", "sqlite").stdout) < len(
        console("explain", "lock-timeout").stdout
    )
    assert "revision-failed" in console("explain").stdout
    assert console.object("explain", "revision-failed").keys() == FIELDS["explain"].keys()
    assert "Did you mean: revision-failed" in console("explain", "revision-faild").stderr
