"""A journal of a million entries: to read its end, beside one of a thousand; to read all, beside hashing."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.case import Case, Setting
from benchmarks.measure import Program
from tests.cli.console import toy_project
from tests.support.long_journal import lengthen

INITDB = (sys.executable, "-m", "initdb")

NOTES = 96
"""How many notes follow each run. A run writes four entries, one of which is a snapshot."""

HASHES = """
import hashlib, sys
from sqlalchemy import make_url
url = make_url(sys.argv[1])
if url.drivername == "sqlite":
    import sqlite3
    rows = sqlite3.connect(url.database).cursor()
else:
    import psycopg2
    from sqlalchemy.dialects.postgresql.psycopg2 import dialect
    words, named = dialect().create_connect_args(url)
    rows = psycopg2.connect(*words, **named).cursor("journal")
    rows.itersize = 500
rows.execute("SELECT seq, run, at, type, source, dest, event, prev_hash, hash FROM init_journal ORDER BY seq")
for *_, event, before, digest in rows:
    text = b"initdb-event-v1" + before.encode() + event.encode()
    assert hashlib.sha256(text).hexdigest() == digest
"""
"""The chain's hashes, and nothing else, over the same rows as the driver gives them."""

BOOT = """
from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer
def work():
    assert Initializer(settings=load_settings()).initialize().success
measured(work, {times}, warm=2)
"""

LOOK = """
from sqlalchemy import create_engine
from initdb.cli.entries.filters import Filters
from initdb.cli.entries.reading import Reader
from initdb.settings import load_settings
settings = load_settings()
reader = Reader(create_engine(settings.url), settings, Filters())
last = reader.read(1).upto
def work():
    assert not list(reader.since(last).entries)
measured(work, {times}, warm=2)
"""
"""What `--follow` does twice a second."""


@dataclass(frozen=True, slots=True)
class Journals:
    """The folders of two applications whose databases are ready: with a long journal and a short one."""

    long: Path
    short: Path
    url: str


_made: dict[tuple[str, bool], Journals] = {}
_folders: list[tempfile.TemporaryDirectory[str]] = []


def journals(setting: Setting) -> Journals:
    """The two journals, which are made once for all benchmarks of a database."""
    key = (setting.database, setting.quick)
    if key not in _made:
        _folders.append(tempfile.TemporaryDirectory(prefix="initdb-benchmark-"))
        root, made = Path(_folders[-1].name), list[tuple[Path, str]]()
        for name, length in (("long", 10_000 if setting.quick else 1_000_000), ("short", 1_000)):
            folder = root / name
            folder.mkdir()
            sqlite = setting.database == "sqlite"
            url = f"sqlite:///{folder / 'shop.db'}" if sqlite else setting.database_of(name)
            toy = toy_project(folder, url)
            assert toy.initializer().initialize().success
            engine = toy.engine()
            lengthen(engine, length, NOTES)
            engine.dispose()
            # What the process itself does first is not to be measured.
            Program((*INITDB, "run"), folder).run()
            made.append((folder, url))
        _made[key] = Journals(made[0][0], made[1][0], made[0][1])
    return _made[key]


def _longer(words: tuple[str, ...], setting: Setting) -> tuple[Program, Program]:
    """A command on both journals."""
    found = journals(setting)
    return Program((*INITDB, *words), found.long), Program((*INITDB, *words), found.short)


def _memory(words: tuple[str, ...], setting: Setting) -> tuple[Program, Program]:
    """The memory of a command on both journals."""
    found, said = journals(setting), (*INITDB, *words)
    return Program(said, found.long), Program(said, found.short)


def _page(setting: Setting) -> tuple[Program, Program]:
    found = journals(setting)
    words = ("sh", "-c", f"{shlex.join((*INITDB, 'journal'))} | head -n 40")
    return Program(words, found.long), Program(words, found.short)


def _inside(text: str, setting: Setting) -> tuple[Program, Program]:
    """A program that measures itself on both journals."""
    found, said = journals(setting), text.format(times=5 if setting.quick else 30)
    return Program(said, found.long), Program(said, found.short)


def _hashed(words: tuple[str, ...], setting: Setting) -> tuple[Program, Program]:
    """A command on the long journal, beside the hashes alone."""
    found = journals(setting)
    peer = Program((sys.executable, "-c", HASHES, found.url), found.long)
    forget = partial((found.long / "export.jsonl").unlink, missing_ok=True)
    return Program((*INITDB, *words), found.long, before=forget), peer


def _since(setting: Setting) -> tuple[Program, Program]:
    found = journals(setting)
    for folder in (found.long, found.short):
        point = f"{shlex.join((*INITDB, 'journal', 'checkpoint'))} > kept"
        Program(("sh", "-c", point), folder).run()
    return _longer(("journal", "verify", "--since", "kept"), setting)


_SHORT = "a journal of 1,000"
_HASHES = "the chain's hashes alone"

Programs = tuple[Program, Program]

# Name, what, beside, quantity, the ratio to reach, the programs.
_TABLE: tuple[tuple[str, str, str, str, float, Callable[[Setting], Programs]], ...] = (
    ("journal-boot", "ready boot", _SHORT, "cpu", 1.2, partial(_inside, BOOT)),
    ("journal-status", "initdb status", _SHORT, "cpu", 1.2, partial(_longer, ("status",))),
    ("journal-status-rss", "initdb status", _SHORT, "rss", 1.1, partial(_memory, ("status",))),
    ("journal-page", "initdb journal, first page", _SHORT, "cpu", 1.2, _page),
    ("journal-last-rss", "journal --last 20", _SHORT, "rss", 1.1, partial(_memory, ("journal", "--last", "20"))),
    ("journal-last", "journal --last 20", _SHORT, "cpu", 1.2, partial(_longer, ("journal", "--last", "20"))),
    ("journal-follow", "journal --follow, a look", _SHORT, "cpu", 1.2, partial(_inside, LOOK)),
    ("journal-since", "verify --since the end", _SHORT, "cpu", 1.2, _since),
    ("journal-verify", "journal verify", _HASHES, "cpu", 2.5, partial(_hashed, ("journal", "verify"))),
    ("journal-verify-rss", "journal verify", _SHORT, "rss", 1.1, partial(_memory, ("journal", "verify"))),
    ("journal-json-rss", "journal --json", _SHORT, "rss", 1.15, partial(_memory, ("journal", "--json"))),
    ("journal-export", "journal export", _HASHES, "cpu", 2.5, partial(_hashed, ("journal", "export", "export.jsonl"))),
    ("journal-json", "journal --json", _HASHES, "cpu", 2.5, partial(_hashed, ("journal", "--json"))),
)  # fmt: skip

CASES = tuple(
    Case(name, f"{what}, 1,000,000 entries", beside, quantity, most, made, rounds=3)
    for name, what, beside, quantity, most, made in _TABLE
)
