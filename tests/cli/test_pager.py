"""The journal in a pager: on a terminal, if it is longer than the window, and left without a word."""

from __future__ import annotations

import shlex

import pytest

from initdb.cli.output.pager import pager_of, rows_of, shows_colours
from tests.cli.console import Console, toy_project
from tests.cli.terminal import Terminal
from tests.support.toy import Toy

KEEPS = "cat > seen; echo IN THE PAGER"
OPEN = f"trap : INT; {KEEPS}; read key < /dev/tty; echo $key > key"
COLOUR = "\x1b["


@pytest.fixture
def ready(console: Console, sqlite_url: str) -> Toy:
    """A journal of some ten lines."""
    toy = toy_project(console.folder, sqlite_url)
    assert console("run").exit_code == 0
    return toy


def journal(
    console: Console, pager: str | None, *words: str, lines: int = 6, typed: dict[str, str] | None = None
) -> tuple[int, str]:
    """`initdb journal` in a window of so many lines: the exit code, and what the terminal shows."""
    environ = {name: value for name, value in console.environ.items() if name not in ("PAGER", "LESS")}
    if pager is not None:
        environ["PAGER"] = f"sh -c {shlex.quote(pager)}"
    terminal = Terminal(["journal", *words], console.folder, environ, lines=lines, columns=200)
    return terminal.end(typed)


def seen(console: Console) -> str | None:
    """What the pager was given; None if it was not called."""
    file = console.folder / "seen"
    return file.read_text() if file.exists() else None


def test_what_is_longer_than_the_window(console: Console, ready: Toy) -> None:
    """All of it goes to the pager, with its colours, and nothing beside it to the terminal."""
    code, shown = journal(console, KEEPS)
    given = seen(console)
    assert code == 0 and given is not None
    assert shown.strip() == "IN THE PAGER"
    assert COLOUR in given
    _, plain = journal(console, None, "--no-pager")
    assert given.split() == plain.split()


@pytest.mark.parametrize(
    "words", [("--last", "3"), ("--no-pager",), ("--json",), ("--follow",)], ids=lambda words: words[0]
)
def test_no_pager(console: Console, ready: Toy, words: tuple[str, ...]) -> None:
    """What fits, what a program reads, what goes on, and what the person does not want there."""
    _, shown = journal(console, KEEPS, *words, typed={"health_validated": "\x03"})
    assert "health_validated" in shown
    assert seen(console) is None


def test_without_a_terminal_there_is_none(console: Console, ready: Toy) -> None:
    """The pager may be set, and the output long."""
    done = console.process("journal", PAGER=KEEPS, LINES="5")
    assert "health_validated" in done.stdout and seen(console) is None


def test_it_is_left_in_silence(console: Console, ready: Toy) -> None:
    """By q, before all was read, or by Ctrl-C: no word, no failure."""
    code, shown = journal(console, "head -n 1 > first", lines=3)
    assert (code, shown) == (0, "")
    assert (console.folder / "first").read_text()
    code, shown = journal(console, f"{KEEPS}; read key < /dev/tty", typed={"IN THE PAGER": "\x03"})
    assert code == 0 and shown.replace("^C", "").strip() == "IN THE PAGER"


def test_ctrl_c_is_the_pagers(console: Console, ready: Toy) -> None:
    """A pager that stays, as less does, is still read from afterwards."""
    code, shown = journal(console, OPEN, typed={"IN THE PAGER": "\x03", "^C": "q\n"})
    assert code == 0 and "initdb" not in shown
    assert (console.folder / "key").read_text() in ("q\n", "\n")


def test_the_usual_pager(console: Console, ready: Toy) -> None:
    """less, or more: it shows the first lines with their colours, and q leaves it."""
    code, shown = journal(console, None, typed={":": "q"})
    assert code == 0 and COLOUR in shown
    assert "began: first boot" in shown and "health_validated" not in shown


def test_a_pager_that_is_not_there(console: Console, ready: Toy) -> None:
    """Then the terminal shows it."""
    code, shown = journal(console, "exec no-such-pager")
    assert code == 0 and "not found" in shown
    assert shown.count("health_validated") == 1 and shown.count("began: first boot") == 1


def test_which_pager() -> None:
    """PAGER, then what is installed."""
    assert pager_of({"PAGER": "most -s"}) == "most -s"
    assert pager_of({"PAGER": " "}) is pager_of({"PAGER": "cat"}) is None
    there = {"more": "/bin/more", "less": "/bin/less"}
    assert pager_of({}, there.get) == "less"
    assert pager_of({}, {"more": "/bin/more"}.get) == "more"


def test_colours_in_a_pager() -> None:
    """Only a less that is told otherwise spells them out."""
    assert shows_colours("less", {}) and shows_colours("more", {}) and shows_colours("/bin/less", {})
    assert not shows_colours("less", {"LESS": "-X"}) and not shows_colours("/bin/less", {"LESS": "-X"})
    assert shows_colours("less", {"LESS": "-XR"}) and shows_colours("less -R", {"LESS": "-X"})


def test_rows() -> None:
    """A long line takes several; colours take no room."""
    assert rows_of("one\ntwo\n", 80) == 2
    assert rows_of("\n", 80) == 1
    assert rows_of("\x1b[31m" + "x" * 80 + "\x1b[0m\n", 80) == 1
    assert rows_of("x" * 81 + "\n", 80) == 2
    assert rows_of("no end", 80) == 1
