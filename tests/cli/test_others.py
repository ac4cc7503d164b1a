"""Other people's code prints and logs, and a command's output stays readable for people and programs."""

from __future__ import annotations

import json
import logging
import sys

from tests.cli.console import Console
from tests.cli.terminal import on_terminal
from tests.support.toy import Toy

LOUD_ENV = """
import logging, logging.config, pathlib
print("env.py speaks")
ini = pathlib.Path(__file__).with_name("log.ini")
logging.config.fileConfig(ini)
"""
INI = """[loggers]
keys = root,alembic
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = WARNING
handlers = console
[logger_alembic]
level = INFO
handlers =
qualname = alembic
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic
[formatter_generic]
format = %(levelname)s %(message)s
"""


def loud(toy: Toy) -> None:
    """An env.py as Alembic's own template makes it, which prints too."""
    env = toy.migrations / "env.py"
    (toy.migrations / "log.ini").write_text(INI)
    env.write_text(LOUD_ENV + env.read_text())


def test_json_stays_one_object(console: Console, sqlite_toy: Toy) -> None:
    """What env.py prints goes to stderr."""
    loud(sqlite_toy)
    done = console.process("run", "--json")
    assert json.loads(done.stdout)["outcome"] == "ready"
    assert "env.py speaks" in done.stderr


def test_what_alembic_says_of_revisions_is_said_once(console: Console, sqlite_toy: Toy) -> None:
    """Ours says it; --debug brings Alembic's lines back."""
    loud(sqlite_toy)
    done = console.process("run", "--quiet")
    assert done.stderr == ""
    sqlite_toy.revision(
        4, "    import logging; logging.getLogger('alembic.runtime.migration').warning('careful')"
    )
    assert console.process("run").stderr == "WARNING careful\n"
    sqlite_toy.revision(5, "    pass")
    assert "INFO Running upgrade r4 -> r5" in console.process("run", "--debug").stderr


def test_the_line_in_place_makes_room(console: Console, sqlite_toy: Toy) -> None:
    """Nothing is glued to what is being done."""
    loud(sqlite_toy)
    sqlite_toy.revision(4, "    print('a revision speaks')")
    _, shown = on_terminal(["run"], console.folder, console.environ)
    lines = [line.rsplit("\r\x1b[2K", 1)[-1] for line in shown.split("\r\n")]
    assert "env.py speaks" in lines
    assert "a revision speaks" in lines


def test_streams_and_filters_are_put_back(console: Console, sqlite_toy: Toy) -> None:
    """A command in a process that lives on leaves nothing behind."""
    before = sys.stdout, sys.stderr, list(logging.getLogger("alembic.runtime.migration").filters)
    console("run", "--json")
    assert (sys.stdout, sys.stderr, logging.getLogger("alembic.runtime.migration").filters) == before
