"""A person at a terminal learns soon that no database answers, and how to stop waiting; a boot waits."""

from __future__ import annotations

import re

import pytest

from initdb.cli.working.patience import TYPED, is_typed, patience
from initdb.settings import Settings, load_settings
from tests.cli.console import Console
from tests.cli.terminal import Terminal

NOWHERE = {
    "host-not-found": "postgresql+psycopg2://app@no-such-host.invalid/shop",
    "connection-refused": "postgresql+psycopg2://app@127.0.0.1:1/shop",
    "such socket": "postgresql+psycopg2:///shop?host=/no/such/folder",
}
CTRL_C = "\x03"


def test_a_wrong_address_fails_in_seconds(console: Console) -> None:
    """It says at once what it waits for and how to stop, then gives up and says how to wait longer."""
    started = {
        said: Terminal(["run", "--database-url", url], console.folder, console.environ)
        for said, url in NOWHERE.items()
    }
    for said, terminal in started.items():
        code, shown = terminal.end()
        assert code == 1 and said in shown, shown
        waited = [line for line in shown.split("\r") if "waiting (at most" in line]
        assert "Ctrl-C stops" in waited[0] and len(waited) > 3
        assert "to wait longer, add: --wait-limit 300" in shown


@pytest.mark.parametrize("how", ["option", "variable", "file"])
def test_what_is_set_counts(console: Console, how: str) -> None:
    """Then it waits as long as was said, and Ctrl-C ends it."""
    words, environ = (
        ["run", "--database-url", NOWHERE["connection-refused"]],
        console.environ | {"NO_COLOR": "1"},
    )
    if how == "option":
        words += ["--wait-limit", "2m"]
    elif how == "variable":
        environ["INITDB_WAIT_LIMIT"] = "2m"
    else:
        (console.folder / "initdb.toml").write_text('wait_limit = "2m"\n')
    code, shown = Terminal(words, console.folder, environ).end({"Ctrl-C stops": CTRL_C})
    assert code == 130, shown
    assert re.search(r"at most 1[12]\d s more", shown) and "error: stopped" in shown


def test_a_boot_waits(console: Console) -> None:
    """Without a terminal the limit is the setting's."""
    process = console.start("run", "--database-url", NOWHERE["connection-refused"], "--wait-limit", "200ms")
    stdout, stderr = process.communicate(timeout=60)
    assert "waiting: The database server refused the connection" in stdout
    assert "this was typed at a terminal" not in stderr and "error: connection-refused" in stderr


def test_who_is_told_soon() -> None:
    """A person, if nothing is set. A container's entry point has a terminal in some set-ups."""
    assert patience(Settings(), typed=True) == TYPED
    assert patience(Settings(), typed=False) is None
    given = load_settings(environ={"INITDB_WAIT_LIMIT": "300"})
    assert patience(given, typed=True) is None
    assert load_settings(environ={"INITDB_MODE": "wait"}).given == {"mode"}
    assert is_typed(terminals=(True, True), group=4711)
    assert not is_typed(terminals=(True, False), group=4711)
    assert not is_typed(terminals=(False, True), group=4711)
    assert not is_typed(terminals=(True, True), group=1)
