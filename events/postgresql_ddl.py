"""The tables, functions and triggers of a journal on PostgreSQL, and what the catalogue then says of them."""

from __future__ import annotations

from initdb.events import views
from initdb.events.chain import GENESIS
from initdb.events.entry import COLUMNS
from initdb.events.fact import Fact
from initdb.events.head import MIN_WRITER, SCHEMA_VERSION
from initdb.events.naming import prefix, readable
from initdb.events.shape import HEAD, JOURNAL, SINCE, VERSION
from initdb.events.types import AT, LONGEST, STATES, TYPE

REFUSED = "IJ001"
"""The SQLSTATE that the journal's triggers raise. No trigger of an application has one of its class."""

FUNCTIONS = ("init_journal_append", "init_journal_check", "init_journal_move", "init_journal_refuse")
"""The functions of the triggers."""

GUARDS = {
    "init_journal_append": 1,
    "init_journal_check": 4,
    "init_journal_keep": 1,
    "init_journal_keep_all": 1,
    "init_journal_head_move": 1,
    "init_journal_head_keep": 1,
    "init_journal_head_keep_all": 1,
}
"""The triggers, each with the version of the journal that added it."""


def ddl(at: str) -> list[str]:
    """The statements that create a journal: tables, functions, triggers, indexes, the version table.

    Args:
        at: The quoted schema with its dot, as `naming.prefix` gives it.
    """
    return [
        f"CREATE TABLE {at}init_journal (seq BIGINT PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL,"
        " type TEXT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, event TEXT NOT NULL,"
        " prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
        f"CREATE TABLE {at}init_journal_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq BIGINT NOT NULL,"
        " hash TEXT NOT NULL, schema_version INTEGER NOT NULL, min_writer INTEGER NOT NULL)",
        f"INSERT INTO {at}init_journal_head VALUES (1, 0, '{GENESIS}', {SCHEMA_VERSION}, {MIN_WRITER})",
        *functions(at),
        *triggers(at),
        f"CREATE INDEX init_journal_run ON {at}init_journal (run)",
        f"CREATE INDEX init_journal_type_seq ON {at}init_journal (type, seq)",
        f"CREATE TABLE {at}init_journal_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT init_journal_version_pkc PRIMARY KEY (version_num))",
        f"INSERT INTO {at}init_journal_version VALUES ('{SCHEMA_VERSION:04d}')",
        *views.postgresql(at),
    ]


def functions(at: str) -> list[str]:
    """The statements that create the functions.

    Those that move the head and refuse are SECURITY DEFINER: they work for a role that may only insert. The
    one that checks an entry needs no rights, and gets none.
    """
    made = []
    for name, body in _bodies(at).items():
        definer = "" if name == "init_journal_check" else "SECURITY DEFINER "
        made.append(
            f"CREATE FUNCTION {at}{name}() RETURNS trigger LANGUAGE plpgsql {definer}"
            f"SET search_path = pg_catalog, pg_temp AS $initdb${body}$initdb$"
        )
    return made


def _bodies(at: str) -> dict[str, str]:
    """The text of each function."""
    raises = f"USING ERRCODE = '{REFUSED}'"
    return {
        "init_journal_append": (
            f" BEGIN UPDATE {at}init_journal_head SET seq = NEW.seq, hash = NEW.hash"
            " WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash;"
            " IF NOT FOUND THEN RAISE EXCEPTION 'init_journal: event % does not follow the head', NEW.seq"
            f" {raises}; END IF; RETURN NULL; END "
        ),
        "init_journal_check": _check(raises),
        "init_journal_move": (
            " BEGIN IF NEW.id = OLD.id AND NEW.seq = OLD.seq + 1 AND NEW.schema_version = OLD.schema_version"
            " AND NEW.min_writer = OLD.min_writer"
            f" AND EXISTS (SELECT 1 FROM {at}init_journal WHERE seq = NEW.seq AND hash = NEW.hash"
            " AND prev_hash = OLD.hash) THEN RETURN NEW; END IF;"
            f" RAISE EXCEPTION 'init_journal_head moves by an event only' {raises}; END "
        ),
        "init_journal_refuse": (
            " BEGIN IF TG_OP = 'INSERT' THEN"
            f" IF NOT EXISTS (SELECT 1 FROM {at}init_journal_head) THEN RETURN NEW; END IF; END IF;"
            f" RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP {raises}; END "
        ),
    }


def _check(raises: str) -> str:
    """The text of the function that checks an entry: its form, its hash, its columns.

    The text is canonical, so that its beginning and its end can be compared as they are. PostgreSQL's
    functions for JSON would spell escaped characters out, which fails where the database's encoding lacks
    them.
    """
    states = "'{" + ",".join(STATES) + "}'::text[]"
    begins = '\'{"at":"\' || NEW.at || \'","attempt":\''
    before = (
        'format(\'},"dest":"%s","run":"%s","seq":%s,"source":"%s","trigger":"%s\','
        " NEW.dest, NEW.run, NEW.seq, NEW.source, substring(cut FROM '[a-z_]{1,60}$'))"
    )
    holds = [
        f"NEW.at COLLATE \"C\" ~ '{AT}'",
        f"NEW.type COLLATE \"C\" ~ '{TYPE}'",
        "NEW.run COLLATE \"C\" ~ '^[0-9A-Za-z_-]{1,64}$'",
        f"NEW.source = ANY ({states})",
        f"NEW.dest = ANY ({states})",
        "(NEW.type = 'journal_created') = (NEW.seq = 1)",
        f"left(NEW.event, length({begins})) = {begins}",
        f"substring(NEW.event FROM length({begins}) + 1 FOR 20) ~ '^[0-9]{{1,9}},\"by\":[{{]'",
        "position(',\"data\":{' IN NEW.event) > 0",
        "right(NEW.event, length(ending)) = ending",
        f"right(cut, length({before})) = {before}",
    ]
    return (
        " DECLARE parsed json; ending text; cut text; BEGIN"
        f" IF octet_length(NEW.event) > {LONGEST} OR NEW.event COLLATE \"C\" ~ '[^\\x20-\\x7f]' THEN"
        f" RAISE EXCEPTION 'init_journal: event % is too long, or not ASCII', NEW.seq {raises}; END IF;"
        " IF NEW.hash IS DISTINCT FROM encode(sha256(convert_to('initdb-event-v1' || NEW.prev_hash"
        " || NEW.event, getdatabaseencoding())), 'hex') THEN"
        f" RAISE EXCEPTION 'init_journal: event % does not give its hash', NEW.seq {raises}; END IF;"
        " parsed := NEW.event::json;"
        ' ending := \'","type":"\' || NEW.type || \'","v":1}\';'
        " cut := left(right(NEW.event, 512), -length(ending));"
        # A comparison with NULL is neither true nor false.
        f" IF NOT coalesce({' AND '.join(holds)}, false) THEN"
        f" RAISE EXCEPTION 'init_journal: event % has not the form of an event', NEW.seq {raises}; END IF;"
        " IF NEW.type IN ('entry_set_aside', 'entries_archived')"
        " AND NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN"
        f" RAISE EXCEPTION 'init_journal: only its owner writes %', NEW.type {raises}; END IF;"
        " RETURN NEW; END "
    )


def triggers(at: str) -> list[str]:
    """The statements that create the triggers."""
    return [
        f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {at}{function}()"
        for name, when, function in _triggers(at)
    ]


def _triggers(at: str) -> list[tuple[str, str, str]]:
    """Name, event and function of each trigger, as the server writes them too."""
    journal, head = f"{at}{JOURNAL}", f"{at}{HEAD}"
    row, all = "FOR EACH ROW", "FOR EACH STATEMENT"
    return [
        ("init_journal_append", f"AFTER INSERT ON {journal} {row}", "init_journal_append"),
        ("init_journal_check", f"BEFORE INSERT ON {journal} {row}", "init_journal_check"),
        ("init_journal_keep", f"BEFORE DELETE OR UPDATE ON {journal} {row}", "init_journal_refuse"),
        ("init_journal_keep_all", f"BEFORE TRUNCATE ON {journal} {all}", "init_journal_refuse"),
        ("init_journal_head_move", f"BEFORE UPDATE ON {head} {row}", "init_journal_move"),
        ("init_journal_head_keep", f"BEFORE INSERT OR DELETE ON {head} {row}", "init_journal_refuse"),
        ("init_journal_head_keep_all", f"BEFORE TRUNCATE ON {head} {all}", "init_journal_refuse"),
    ]


def deletable(at: str) -> tuple[str, str]:
    """The statements that let entries be removed, and that forbid it again."""
    table = f"ALTER TABLE {at}{JOURNAL}"
    return f"{table} DISABLE TRIGGER init_journal_keep", f"{table} ENABLE TRIGGER init_journal_keep"


def expected(schema: str, version: int) -> tuple[Fact, ...]:
    """What the catalogue says of a journal that nobody has changed.

    Args:
        schema: Its schema.
        version: The version in its head.
    """
    # Names in definitions are quoted where the server needs it; those in the functions' texts always are.
    plain = readable(schema, None) + "."
    since = {**dict.fromkeys((JOURNAL, HEAD), 1), **SINCE}
    made = [Fact("table", name, "", "r p") for name in (JOURNAL, HEAD, VERSION) if since[name] <= version]
    for table, columns in _COLUMNS.items():
        if since[table] <= version:
            made += [Fact("column", table, name, said) for name, said in columns.items()]
            made += [Fact("constraint", table, "", said) for said in _CONSTRAINTS[table]]
    made += [Fact("index", JOURNAL, name, said) for name, said in _INDEXES.items() if since[name] <= version]
    for name, when, function in _triggers(plain):
        if GUARDS[name] <= version:
            table = HEAD if HEAD in when else JOURNAL
            made.append(
                Fact(
                    "trigger",
                    table,
                    name,
                    f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {plain}{function}()",
                )
            )
    for name, body in _bodies(prefix(schema)).items():
        if GUARDS.get(name, 1) <= version:
            definer = "" if name == "init_journal_check" else " SECURITY DEFINER"
            made.append(Fact("function", "", name, f"plpgsql{definer} {_PATH} {body}"))
    return tuple(made)


_PATH = "search_path=pg_catalog, pg_temp"

_TEXT = "text NOT NULL"

_COLUMNS = {
    JOURNAL: {name: "bigint NOT NULL" if name == "seq" else _TEXT for name in COLUMNS},
    HEAD: {
        "id": "integer NOT NULL",
        "seq": "bigint NOT NULL",
        "hash": _TEXT,
        "schema_version": "integer NOT NULL",
        "min_writer": "integer NOT NULL",
    },
    VERSION: {"version_num": "character varying(32) NOT NULL"},
}

_CONSTRAINTS = {
    JOURNAL: ("PRIMARY KEY (seq)",),
    HEAD: ("PRIMARY KEY (id)", "CHECK ((id = 1))"),
    VERSION: ("PRIMARY KEY (version_num)",),
}

_INDEXES = {"init_journal_run": "(run)", "init_journal_type_seq": "(type, seq)"}
