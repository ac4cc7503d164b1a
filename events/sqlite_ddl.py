"""The tables and triggers of a journal on SQLite, and what sqlite_schema then says of them."""

from __future__ import annotations

import re

from initdb.events import naming, views
from initdb.events.chain import GENESIS
from initdb.events.entry import COLUMNS
from initdb.events.fact import Fact
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION
from initdb.events.shape import SINCE
from initdb.events.types import LONGEST, STATES

GUARDS = {
    "init_journal_append": 1,
    "init_journal_check": 4,
    "init_journal_follow": 1,
    "init_journal_no_update": 1,
    "init_journal_no_delete": 1,
    "init_journal_head_move": 1,
    "init_journal_head_no_delete": 1,
    "init_journal_head_no_insert": 1,
}
"""The triggers, each with the version of the journal that added it."""


def ddl(at: str) -> list[str]:
    """The statements that create a journal: tables, triggers, indexes, the version table.

    Args:
        at: The quoted schema with its dot, as `naming.prefix` gives it.
    """
    return [
        f"CREATE TABLE {at}init_journal (seq INTEGER PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL,"
        " type TEXT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, event TEXT NOT NULL,"
        " prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
        f"CREATE TABLE {at}init_journal_head (id INTEGER PRIMARY KEY CHECK (id = 1),"
        " seq INTEGER NOT NULL, hash TEXT NOT NULL, schema_version INTEGER NOT NULL,"
        " min_writer INTEGER NOT NULL)",
        f"INSERT INTO {at}init_journal_head VALUES (1, 0, '{GENESIS}', {SCHEMA_VERSION}, {MIN_WRITER})",
        *triggers(at),
        f"CREATE INDEX {at}init_journal_run ON init_journal (run)",
        f"CREATE INDEX {at}init_journal_type_seq ON init_journal (type, seq)",
        f"CREATE TABLE {at}init_journal_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT init_journal_version_pkc PRIMARY KEY (version_num))",
        f"INSERT INTO {at}init_journal_version VALUES ('{SCHEMA_VERSION:04d}')",
        *views.sqlite(at),
    ]


def check(at: str) -> str:
    """The statement that creates the trigger which refuses what is no event."""
    said = "init_journal: this is not an event, or not the one that its columns say"
    condition = f"WHEN NOT coalesce({_well_formed()}, 0) "
    return _refuse(at, "init_journal_check", "INSERT", "init_journal", said, condition)


def _refuse(  # noqa: PLR0913, PLR0917 - the parts of a statement
    at: str, name: str, when: str, table: str, why: str, condition: str = ""
) -> str:
    return (
        f"CREATE TRIGGER {at}{name} BEFORE {when} ON {table} {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
    )


def triggers(at: str) -> list[str]:
    """The statements that create the triggers.

    The head is checked before the row is inserted, and moved after it. If both were before, INSERT OR IGNORE
    could move the head without a row.
    """

    follows = "SELECT 1 FROM init_journal_head WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash"
    moves = (
        "NEW.id = OLD.id AND NEW.seq = OLD.seq + 1 AND NEW.schema_version = OLD.schema_version"
        " AND NEW.min_writer = OLD.min_writer AND EXISTS (SELECT 1 FROM init_journal"
        " WHERE seq = NEW.seq AND hash = NEW.hash AND prev_hash = OLD.hash)"
    )
    return [
        _refuse(
            at,
            "init_journal_append",
            "INSERT",
            "init_journal",
            "init_journal: event does not follow the head",
            f"WHEN NOT EXISTS ({follows}) ",
        ),
        check(at),
        f"CREATE TRIGGER {at}init_journal_follow AFTER INSERT ON init_journal BEGIN"
        " UPDATE init_journal_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1; END",
        _refuse(at, "init_journal_no_update", "UPDATE", "init_journal", "init_journal is append-only"),
        _refuse(at, "init_journal_no_delete", "DELETE", "init_journal", "init_journal is append-only"),
        _refuse(
            at,
            "init_journal_head_move",
            "UPDATE",
            "init_journal_head",
            "init_journal_head moves by an event only",
            f"WHEN NOT ({moves}) ",
        ),
        _refuse(at, "init_journal_head_no_delete", "DELETE", "init_journal_head", "init_journal_head stays"),
        _refuse(
            at,
            "init_journal_head_no_insert",
            "INSERT",
            "init_journal_head",
            "init_journal_head has one row",
            "WHEN EXISTS (SELECT 1 FROM init_journal_head) ",
        ),
    ]


def deletable(at: str) -> tuple[str, str]:
    """The statements that let entries be removed, and that forbid it again."""
    guard = "init_journal_no_delete"
    (restore,) = (one for one in triggers(at) if f"{at}{guard} " in one)
    return f"DROP TRIGGER {at}{guard}", restore


_KEYS = ("at", "attempt", "by", "data", "dest", "run", "seq", "source", "trigger", "type", "v")


def _well_formed() -> str:
    """The condition for an entry: its form, and its columns. SQLite cannot compute its hash."""
    keys = ", ".join(f"'{key}'" for key in _KEYS)
    states = ", ".join(f"'{state}'" for state in STATES)
    same = " AND ".join(f"json_extract(NEW.event, '$.{name}') IS NEW.{name}" for name in COLUMNS[:6])
    kinds = {
        "seq": "integer",
        "v": "integer",
        "attempt": "integer",
        "by": "object",
        "data": "object",
        "trigger": "text",
    }
    types = " AND ".join(f"json_type(NEW.event, '$.{name}') = '{kind}'" for name, kind in kinds.items())
    texts = " AND ".join(f"typeof(NEW.{name}) = 'text'" for name in COLUMNS[1:])
    digit = "[0-9]"
    at = f"{digit * 4}-{digit * 2}-{digit * 2}T{digit * 2}:{digit * 2}:{digit * 2}.{digit * 6}Z"
    # CASE decides in its order: what is no JSON must not come to json_extract, which raises.
    return (
        f"CASE WHEN NOT ({texts}) OR length(NEW.event) > {LONGEST}"
        " OR NEW.event GLOB '*[^ -' || char(127) || ']*' THEN 0"
        " WHEN length(NEW.hash) <> 64 OR NEW.hash GLOB '*[^0-9a-f]*' OR NOT json_valid(NEW.event) THEN 0"
        " WHEN json_type(NEW.event) <> 'object' THEN 0"
        " WHEN (SELECT count(*) <> count(DISTINCT key) OR"
        f" sum(key IN ({keys})) <> {len(_KEYS)} FROM json_each(NEW.event)) THEN 0"
        f" ELSE {same} AND {types} AND json_extract(NEW.event, '$.v') = 1 AND NEW.at GLOB '{at}'"
        " AND length(NEW.type) < 64 AND NEW.type NOT GLOB '*[^a-z0-9_]*' AND NEW.type GLOB '[a-z]*'"
        f" AND NEW.source IN ({states}) AND NEW.dest IN ({states})"
        " AND (NEW.type = 'journal_created') = (NEW.seq = 1) END"
    )


def expected(version: int) -> tuple[Fact, ...]:
    """What sqlite_schema says of a journal that nobody has changed.

    Args:
        version: The version in its head.
    """
    made = []
    for statement in ddl(""):
        found = _CREATES.match(statement)
        if found and {**SINCE, **GUARDS}.get(found["name"], 1) <= version:
            table = _ON.search(statement) if found["kind"] != "TABLE" else None
            made.append(
                fact(
                    found["kind"].lower(), table["name"] if table else found["name"], found["name"], statement
                )
            )
    return tuple(made)


_CREATES = re.compile(r"CREATE (?P<kind>TABLE|INDEX|TRIGGER) (?P<name>\w+)")
_ON = re.compile(r"\bON (?P<name>\w+)")


def fact(kind: str, table: str, name: str, sql: str) -> Fact:
    """One row of sqlite_schema. What a journal of a second application calls its things does not count.

    Args:
        kind: Its type.
        table: Its table.
        name: Its name.
        sql: Its definition.
    """
    quoted = name.replace('"', '""')
    undo = "" if kind == "table" else f'DROP {kind.upper()} main."{quoted}"'
    suffix = naming.parted(table)[1]
    said = " ".join(_tokens(sql)).replace(f"__{suffix}", "") if suffix else " ".join(_tokens(sql))
    return Fact(kind, naming.parted(table)[0], naming.parted(name)[0], said, undo=undo)


_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|(?P<text>'(?:[^']|'')*')|"(?P<a>(?:[^"]|"")*)"|\[(?P<b>[^\]]*)\]|`(?P<c>[^`]*)`"""
    r"""|(?P<word>\w+)|(?P<sign>[^\s\w])""",
    re.DOTALL,
)


def _tokens(sql: str) -> list[str]:
    """The words and signs of a definition: without comments, quotes of names, the schema, IF NOT EXISTS.

    Source: https://www.sqlite.org/lang_keywords.html
    """
    found = []
    for one in _TOKEN.finditer(sql):
        name = next((one[group] for group in ("a", "b", "c", "word") if one[group] is not None), None)
        if name is not None or one["text"] or one["sign"]:
            found.append(name.lower() if name is not None else one["text"] or one["sign"])
    if found[2:5] == ["if", "not", "exists"]:
        del found[2:5]
    if found[2:4] == ["main", "."]:
        del found[2:4]
    return found
