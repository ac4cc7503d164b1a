"""Everything that initdb writes, collected by its place, and searched for what must not be there."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine, inspect, text

PREFIX = "k4nary"
"""How each canary begins. What follows says where it was planted."""

CONTROL = "kontr0l"
"""A name that is meant to be seen: of the application, of a revision's file, of seeds."""


class Sinks:
    """The places and what was found there."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = defaultdict(list)

    def add(self, place: str, text: str) -> None:
        """Keep what was written to a place."""
        self._texts[place].append(text)

    def add_process_list(self, file: Path) -> None:
        """What `DUMP` wrote: the command lines of all processes, at a moment in a run."""
        self.add("process list", file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))

    def add_database(self, url: str) -> None:
        """All rows of the journal, of its head and of the version tables."""
        engine = create_engine(url, poolclass=NullPool)
        for table in inspect(engine).get_table_names():
            if table.startswith("init_journal") or table == "alembic_version":
                self.add(table, _rows(engine, table))

    def add_files(self, folder: Path, *, but: frozenset[Path], database: str) -> None:
        """The names and contents of all files of a folder, without those of the application itself."""
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file not in but and not file.name.startswith(database):
                self.add("files", f"{file}\n{file.read_bytes().decode(errors='replace')}")
            elif file.name == f"{database}-initdb":
                self.add("files", file.read_bytes().decode(errors="replace"))

    @contextmanager
    def logged(self) -> Iterator[None]:
        """What the loggers `initdb` and below get in the block, at any level."""
        sinks = self

        class Handler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                sinks.add("logs", logging.Formatter().format(record))

        logger, handler = logging.getLogger("initdb"), Handler(logging.DEBUG)
        before = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(before)

    def found(self, word: str) -> dict[str, list[str]]:
        """Place → the lines there that have a word."""
        lines = {
            place: [line for text in texts for line in text.splitlines() if word in line]
            for place, texts in self._texts.items()
        }
        return {place: some for place, some in lines.items() if some}


def _rows(engine: Engine, table: str) -> str:
    with engine.connect() as connection:
        return "\n".join(str(tuple(row)) for row in connection.execute(text(f'SELECT * FROM "{table}"')))


DUMP = """
import pathlib


def dump():
    lines = []
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes())
        except OSError:
            pass
    pathlib.Path({file!r}).write_bytes(b"\\n".join(lines))
"""
"""A module that writes down the process list."""
