"""Calls Alembic's own commands with a Config that initdb made."""

from __future__ import annotations

from collections.abc import Sequence

from alembic.config import CommandLine, Config

from initdb.steps.alembic_driver.configs import Provider
from initdb.steps.env_py.kept_logging import optional_file_config

WRITES = frozenset({"upgrade", "downgrade", "stamp", "ensure_version"})
"""The commands that change the database, without --sql."""


def call_alembic(provider: Provider, words: Sequence[str], program: str) -> None:
    """Call a command of Alembic. What is wrong with its words ends the process, as Alembic does it.

    Args:
        provider: Makes the Config.
        words: The name of the command, its options and arguments.
        program: How the help calls the program.
    """
    line = CommandLine(prog=program)
    options = line.parser.parse_args(list(words))

    def run(config: Config) -> None:
        config.cmd_opts = options
        with optional_file_config():
            line.run_cmd(config, options)

    provider(run)
