"""What only a terminal gets: colours, a line that is redrawn, the first password, questions."""

from __future__ import annotations

import json
import re
import sqlite3

from initdb.cli.output.progress import ProgressLines, doing
from initdb.cli.output.screen import Screen
from initdb.statemachine.site import Waiting
from initdb.steps.context import Progress
from initdb.steps.identity.hashing import verify_password
from tests.cli.console import Console
from tests.cli.terminal import on_terminal
from tests.support.toy import Toy

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
IN_PLACE = "\r\x1b[2K"


def test_a_terminal_has_colours_and_a_line_in_place(console: Console, sqlite_toy: Toy) -> None:
    """Which revision of how many is seen while it is applied, and is gone afterwards."""
    code, shown = on_terminal(["run"], console.folder, console.environ)
    assert code == 0, shown
    assert COLOUR.search(shown)
    assert f"{IN_PLACE}applying revision r2 (2 of 3) …" in shown
    assert f"{IN_PLACE}seeding 10_t1.csv: 5 rows …" in shown
    left = [line.rsplit(IN_PLACE, 1)[-1] for line in shown.split("\r\n")]
    assert not any("…" in line for line in left)


def test_no_color_is_respected(console: Console, sqlite_toy: Toy) -> None:
    """On a terminal too, for lines and for errors."""
    environ = {**console.environ, "NO_COLOR": "1"}
    _, shown = on_terminal(["run"], console.folder, environ)
    sqlite_toy.revision(4, "    raise ValueError('no')")
    _, failed = on_terminal(["run"], console.folder, environ)
    assert "error: revision-failed" in failed
    assert not COLOUR.search(shown + failed)


def test_errors_have_colours_on_a_terminal_only(console: Console) -> None:
    """The words are the same."""
    words = ["run", "--database-url", "nonsense"]
    code, shown = on_terminal(words, console.folder, console.environ)
    piped = console.process(*words)
    assert code == piped.returncode == 2
    assert COLOUR.search(shown)
    assert COLOUR.sub("", shown).replace("\r\n", "\n") == piped.stderr


def test_a_pipe_gets_neither(console: Console, sqlite_toy: Toy) -> None:
    """Not a single escape."""
    done = console.process("run")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout
    assert "\x1b" not in console.process("journal").stdout


def test_the_first_password_is_shown_once_and_is_valid(console: Console) -> None:
    """On the terminal, before the commit; nowhere else, and not in the journal."""
    code, shown = on_terminal(["run"], console.folder, console.environ)
    assert code == 0, shown
    found = re.search(r"with this password:\s+(\S+)\s", shown)
    assert found is not None
    with sqlite3.connect(console.folder / "initdb.db") as database:
        ((stored, locked, change),) = database.execute(
            "SELECT password_hash, locked, must_change_password FROM users"
        )
        journal = "".join(row[0] for row in database.execute("SELECT event FROM init_journal"))
    assert (locked, change) == (0, 1)
    assert verify_password(stored, found[1])
    assert found[1] not in journal


def test_a_password_is_asked_for_twice_and_not_shown(console: Console) -> None:
    """`initdb admin set-password` on a terminal."""
    console.process("run")
    secret = "an unlikely phrase 19"
    answers = {"New password of admin": secret, "Repeat for confirmation": secret}
    code, shown = on_terminal(["admin", "set-password"], console.folder, console.environ, answers)
    assert code == 0, shown
    assert secret not in shown
    with sqlite3.connect(console.folder / "initdb.db") as database:
        ((stored, locked),) = database.execute("SELECT password_hash, locked FROM users")
    assert (verify_password(stored, secret), locked) == (True, 0)


def test_progress_in_words() -> None:
    """Steps, revisions, rows."""
    assert doing(Progress("inspect")) == "looking at the database …"
    assert doing(Progress("migrate", "r2", 2, 3)) == "applying revision r2 (2 of 3) …"
    assert doing(Progress("seed", "20_products.csv", 3000)) == "seeding 20_products.csv: 3,000 rows …"
    assert doing(Progress("dance", "x")) == "dance x …"


def test_waiting_is_a_line_a_change_where_nothing_can_be_updated() -> None:
    """The same words twice are said once."""
    lines: list[str] = []

    class Page(Screen):
        def say(self, *parts: str | tuple[str, str]) -> None:
            lines.append("".join(part if isinstance(part, str) else part[0] for part in parts))

    shown = ProgressLines(Page())
    assert not shown.waited
    for why in ("a works", "a works", "b works", "b works"):
        shown.waiting(Waiting(why, "2026-11-23T08:06:41.000000Z"))
    assert lines == ["waiting: a works", "waiting: b works"]
    assert shown.waited


def test_a_rollback_is_shown_and_asked_for(console: Console, toy: Toy) -> None:
    """What it reverts, newest first. A no, and Ctrl-D, change nothing; --yes and a script are not asked."""
    console("run")
    before = toy.types()
    code, shown = on_terminal(
        ["rollback", "--to", "r1"], console.folder, console.environ, {"Roll back these 2 revisions?": "n"}
    )
    plain = COLOUR.sub("", shown)
    assert code == 1 and "nothing was rolled back" in plain, plain
    assert plain.index("rolls back r3  make t3 (003_r3.py)") < plain.index(
        "rolls back r2  make t2 (002_r2.py)"
    )
    assert toy.types() == before
    words = ["rollback", "--json"]
    code, shown = on_terminal(words, console.folder, console.environ, {"Roll it back?": "n"})
    document = next(line for line in shown.splitlines() if line.startswith("{"))
    assert json.loads(document)["error"]["context"] == ["it was not confirmed"]
    assert code == json.loads(document)["exit_code"] == 1
    code, shown = on_terminal(["rollback"], console.folder, console.environ, {"Roll it back?": "y"})
    assert code == 0, shown
    code, shown = on_terminal(["rollback", "--yes"], console.folder, console.environ)
    assert code == 0 and "Roll it back?" not in shown
    assert console("rollback").exit_code == 0
    assert toy.sql("SELECT count(*) FROM alembic_version") == [(0,)]
