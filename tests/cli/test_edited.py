"""Files that were edited or removed since they were applied, as a person meets them at the command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.console import Console, toy_project
from tests.support.toy import Toy

ACCEPT = "initdb resume --accept-edited"


def _edit(path: Path) -> tuple[str, str]:
    """Add a comment. Returns the hash before and after it."""
    was = path.read_bytes()
    path.write_bytes(was + b"# a comment\n")
    return hashlib.sha256(was).hexdigest(), hashlib.sha256(path.read_bytes()).hexdigest()


def _first(toy: Toy) -> Path:
    return toy.migrations / "versions" / "001_r1.py"


def _strict(console: Console) -> None:
    with (console.folder / "initdb.toml").open("a") as file:
        file.write('when_edited = "fail"\n')


def _times(toy: Toy, kind: str) -> list[str]:
    return [entry.at for entry in toy.initializer().entries() if entry.type == kind]


def test_an_edited_applied_revision_is_named_everywhere(console: Console, toy: Toy) -> None:
    """With file, revision, time and both hashes; nothing is pending, and the exit codes are as without it."""
    assert console("run").exit_code == 0
    was, now = _edit(_first(toy))
    at = _times(toy, "migration_applied")[0]
    expected = (
        f"alembic/versions/001_r1.py (revision r1) was edited since it was applied at"
        f" {at[:10]} {at[11:19]}Z (sha256 {was[:8]}, now {now[:8]})."
    )
    file = "alembic/versions/001_r1.py"
    record = {"kind": "revision", "name": "r1", "file": file, "at": at, "was": was, "now": now}
    for command, code in (("status", 3), ("plan", 0), ("run", 0), ("run", 0), ("status", 0), ("plan", 0)):
        done = console(command)
        assert (done.exit_code, done.output.count(expected)) == (code, 1), (command, done.output)
        assert ACCEPT in done.output
        found = console.object(command)
        assert found["edited"] == [record], command
        assert expected in found["warnings"]
    done = console("validate")
    assert (done.exit_code, f"warning  {expected}" in done.stdout, ACCEPT in done.stdout) == (0, True, True)
    issues = [issue for issue in console.object("validate")["issues"] if issue["kind"] == "revision-edited"]
    assert [(issue["text"], issue["severity"]) for issue in issues] == [(expected, "warning")]


def test_one_event_says_it_when_it_is_first_seen(console: Console, toy: Toy) -> None:
    """No boot after that writes anything; a run for another reason does not say it again."""
    console("run")
    _edit(_first(toy))
    console("run")
    first = toy.types()
    assert console("run").exit_code == 0
    assert toy.types() == first
    with (console.folder / "initdb.toml").open("a") as file:
        file.write('ignore = ["nothing"]\n')
    assert console("run").exit_code == 0
    assert len(toy.types()) > len(first)
    told = [entry for entry in toy.initializer().entries() if entry.data.get("edited")]
    assert [(one.type, list(one.data["edited"])) for one in told] == [("database_inspected", ["revision r1"])]
    shown = console("journal").stdout
    assert "1 edited file" in shown
    assert shown.count("001_r1.py (revision r1) was edited") == 1


def test_a_person_accepts_it(console: Console, toy: Toy) -> None:
    """By the command that the warning names. The journal says who; then it is named no more."""
    console("run")
    _, now = _edit(_first(toy))
    console("run")
    done = console(*ACCEPT.split()[1:])
    assert done.exit_code == 0, done.output
    assert "accepts: alembic/versions/001_r1.py (revision r1) was edited" in done.stdout
    assert "was edited" not in done.stderr
    entry = next(one for one in toy.initializer().entries() if one.type == "override")
    assert entry.data["accepts"] == {"revision r1": now}
    assert {"host", "pid", "app"} <= entry.by.keys()
    assert "accept as edited or removed: revision r1" in console("journal").stdout
    for command in ("run", "status", "plan", "validate"):
        assert "was edited" not in console(command).output, command
    assert "there is nothing to accept" in console(*ACCEPT.split()[1:]).stdout
    _edit(_first(toy))
    assert "was edited" in console("status").output, "it was accepted as it was then"


def test_it_can_be_a_failure(console: Console, toy: Toy) -> None:
    """Before anything is changed; the printed command is the way out, and so is restoring the file."""
    console("run")
    before = _first(toy).read_bytes()
    _edit(_first(toy))
    (toy.seeds / "20_t2.csv").write_text("id,name\n7,more\n")
    _strict(console)
    assert console("validate").exit_code == 1
    planned = console("plan")
    assert "A boot would fail before it does anything (files-edited)" in planned.stdout
    assert "seed  " not in planned.stdout
    assert console.object("plan")["steps"] == []
    done = console("run")
    assert done.exit_code == 1
    assert done.stderr.count("001_r1.py (revision r1) was edited") == 1
    assert "error: files-edited" in done.stderr
    assert ACCEPT in done.stderr
    assert toy.sql("SELECT count(*) FROM t2") == [(1,)]
    assert console("run").exit_code == 1
    _first(toy).write_bytes(before)
    assert console("run").exit_code == 0, "a restored file is tried again by itself"
    assert toy.sql("SELECT count(*) FROM t2") == [(2,)]
    _edit(_first(toy))
    assert console("run").exit_code == 1
    assert console("resume").exit_code == 1, "to try again is not to accept"
    assert console(*ACCEPT.split()[1:]).exit_code == 0
    assert console("run").exit_code == 0
    assert console("validate").exit_code == 0


def test_a_pending_revision_is_refused_until_it_is_accepted(console: Console, toy: Toy) -> None:
    """Whatever the setting: later revisions may not fit. Plan says so; the command applies the rest."""
    console("run")
    _edit(_first(toy))
    toy.revision(4, "    op.execute('CREATE TABLE t4 (id INTEGER)')")
    assert "A boot would fail before it does anything (revision-changed)" in console("plan").stdout
    done = console("run")
    assert done.exit_code == 1
    assert "error: revision-changed" in done.stderr
    assert done.stderr.count("001_r1.py (revision r1) was edited since it was applied at") == 1
    assert ACCEPT in done.stderr
    assert console(*ACCEPT.split()[1:]).exit_code == 0
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r4",)]


def test_an_edited_seed_is_named_and_applied_again(console: Console, toy: Toy) -> None:
    """A warning; with the setting a failure, which a person accepts: then it is applied."""
    console("run")
    seed = toy.seeds / "10_t1.csv"
    seed.write_text(seed.read_text() + "300,later\n")
    for command in ("status", "plan", "validate"):
        assert "The seed seeds/10_t1.csv was edited since it was applied" in console(command).output, command
    done = console("run")
    assert (done.exit_code, "into t1: 1 created (" in done.stdout) == (0, True), done.output
    assert done.output.count("The seed seeds/10_t1.csv was edited since it was applied at") == 1
    assert "was edited" not in console("run").output
    seed.write_text(seed.read_text() + "301,last\n")
    _strict(console)
    assert "error: files-edited" in console("run").stderr
    assert toy.sql("SELECT count(*) FROM t1") == [(7,)]
    assert console(*ACCEPT.split()[1:]).exit_code == 0
    assert toy.sql("SELECT count(*) FROM t1") == [(8,)]
    assert console("run").exit_code == 0


def test_a_removed_revision_and_a_removed_seed_are_named(console: Console, toy: Toy) -> None:
    """Their rows stay. A squash that keeps the last identifier is accepted with one command."""
    console("run")
    (toy.seeds / "10_t1.csv").unlink()
    for number in (1, 2):
        (toy.migrations / "versions" / f"00{number}_r{number}.py").unlink()
    squashed = toy.migrations / "versions" / "003_r3.py"
    squashed.write_text(squashed.read_text().replace("down_revision = 'r2'", "down_revision = None"))
    done = console("run")
    assert done.exit_code == 0, done.output
    found = {(one["kind"], one["file"], one["now"] is None) for one in console.object("status")["edited"]}
    assert found == {
        *(("revision", "001_r1.py", True), ("revision", "002_r2.py", True)),
        *(("revision", "alembic/versions/003_r3.py", False), ("seed", "10_t1.csv", True)),
    }
    assert "001_r1.py (revision r1), applied at" in done.stderr
    assert "The seed 10_t1.csv, applied at" in done.stderr
    assert toy.sql("SELECT count(*) FROM t1") == [(6,)]
    _strict(console)
    assert "error: files-edited" in console("run").stderr
    assert console(*ACCEPT.split()[1:]).exit_code == 0
    assert console("run").output.count("warning") == 0
    toy.revision(4, "    op.execute('CREATE TABLE t4 (id INTEGER)')")
    assert console("run").exit_code == 0
    assert console.object("validate")["valid"]


def test_an_edited_env_py_is_named_once(console: Console, toy: Toy) -> None:
    """Beside a pending revision too, which is applied. When the database is ready again, it is no edit."""
    console("run")
    was, now = _edit(toy.migrations / "env.py")
    toy.revision(4, "    op.execute('CREATE TABLE t4 (id INTEGER)')")
    expected = "alembic/env.py was edited since the database was last ready, at"
    for command in ("status", "plan", "validate", "run"):
        done = console(command)
        assert done.output.count(expected) == 1, (command, done.output)
        assert f"(sha256 {was[:8]}, now {now[:8]})" in done.output
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r4",)]
    for command in ("status", "plan", "validate", "run"):
        assert expected not in console(command).output, command
    _edit(toy.migrations / "env.py")
    _strict(console)
    assert "error: files-edited" in console("run").stderr
    assert console(*ACCEPT.split()[1:]).exit_code == 0
    assert console("run").exit_code == 0


def test_a_formatter_rewrote_all_revisions(console: Console, sqlite_url: str) -> None:
    """Many files: the first are named, the others counted; the object and validate have all of them."""
    toy = toy_project(console.folder, sqlite_url, tables=9, rows=0)
    console("run")
    for path in (toy.migrations / "versions").iterdir():
        _edit(path)
    done = console("run")
    assert done.exit_code == 0
    assert done.stderr.count(") was edited") == 5
    assert "4 more files were edited or removed: initdb validate" in done.stderr
    assert len(json.loads(console("status", "--json").stdout)["edited"]) == 9
    assert console("validate").stdout.count("was edited") == 9
    toy.revision(10, "    op.execute('CREATE TABLE t10 (id INTEGER)')")
    refused = console("run")
    assert (refused.exit_code, refused.stderr.count(") was edited")) == (1, 5)
    assert console(*ACCEPT.split()[1:]).exit_code == 0
    assert console("run").output.count("was edited") == 0


@pytest.mark.parametrize("ends", [b"\r\n", b"\n"])
def test_line_endings_are_no_edit(console: Console, toy: Toy, ends: bytes) -> None:
    """git may convert them at a checkout, either way: revisions and env.py are as they were."""
    files = [*(toy.migrations / "versions").iterdir(), toy.migrations / "env.py"]
    files = [path for path in files if path.is_file()]
    other = b"\n" if ends == b"\r\n" else b"\r\n"
    for after in (other, ends):
        for path in files:
            path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", after))
        if after == other:
            assert console("run").exit_code == 0
    _strict(console)
    toy.revision(4, "    op.execute('CREATE TABLE t4 (id INTEGER)')")
    done = console("run")
    assert (done.exit_code, "edited" in done.output) == (0, False), done.output
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r4",)]
