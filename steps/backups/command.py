"""Runs the command that backs up a PostgreSQL database. It knows the database by libpq's variables."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from initdb.errors import InitError
from initdb.errors.withheld import withhold
from initdb.steps.programs import ran

_VALUES = "See what the command prints on stderr, on your terminal only: initdb resume --show-values"

_VARIABLES = {
    "application_name": "PGAPPNAME",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "gssencmode": "PGGSSENCMODE",
    "hostaddr": "PGHOSTADDR",
    "krbsrvname": "PGKRBSRVNAME",
    "options": "PGOPTIONS",
    "passfile": "PGPASSFILE",
    "requirepeer": "PGREQUIREPEER",
    "sslcert": "PGSSLCERT",
    "sslcrl": "PGSSLCRL",
    "sslkey": "PGSSLKEY",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
"""A parameter of a connection → its variable (PostgreSQL manual, libpq, "Environment Variables")."""


def environment(driver: Any, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a command that is to reach the database of a connection.

    The password is in PGPASSWORD: other users of the machine cannot read a process's environment, and nothing
    has to be removed afterwards.

    Args:
        driver: The connection of psycopg2 or psycopg.
        outer: The environment of this process. What it says of a database is left out.
    """
    said = driver.info
    parameters = said.dsn_parameters if hasattr(said, "dsn_parameters") else said.get_parameters()
    found = {variable: parameters.get(name) for name, variable in _VARIABLES.items()}
    found |= {"PGDATABASE": said.dbname, "PGUSER": said.user, "PGPASSWORD": said.password}
    found |= {"PGHOST": said.host, "PGPORT": said.port}
    kept = {name: value for name, value in outer.items() if name not in _OF_A_DATABASE}
    return kept | {name: str(value) for name, value in found.items() if value}


_OF_A_DATABASE = frozenset(
    {*_VARIABLES.values(), "PGDATABASE", "PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGSERVICE"}
)


def program_of(command: str) -> str:
    """The program of a command, as the setting has it. Its arguments may hold a token."""
    return shlex.split(command)[0]


def words_of(command: str, file: Path | None, database: str) -> list[str]:
    """The words of a command. `{file}` and `{database}` stand for their values.

    Args:
        command: The command, as the setting has it.
        file: Where it is to write.
        database: The name of the database.
    """
    return [
        word.replace("{file}", str(file or "")).replace("{database}", database)
        for word in shlex.split(command)
    ]


def run(words: Sequence[str], environ: Mapping[str, str], tick: Callable[[], None]) -> None:
    """Run a command to its end, without a shell. What it writes is for its user alone.

    Args:
        words: The program and its arguments.
        environ: Its environment.
        tick: Called from time to time. If it raises, the command is ended, with all that it started.

    Raises:
        InitError: `backup-failed`: there is no such program, or its exit code is not 0.
    """
    try:
        code, lines = ran(words, environ, tick=tick)
    except FileNotFoundError as error:
        said = f"There is no program {words[0]} in PATH."
        raise InitError("backup-failed", said, database="postgresql") from error
    if code:
        withhold("\n".join((f"{words[0]} printed:", *lines)))
        how = f"{words[0]} ended with exit code {code}."
        raise InitError("backup-failed", how, database="postgresql").with_advice(_VALUES)
