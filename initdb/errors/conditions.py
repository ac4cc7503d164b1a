"""Says in our own words what a database's error means: its text may hold values, and is not repeated.

A name is said only if it stands in the statement, outside its literals, or if the database was asked for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from initdb.errors.driver import RAISED, DriverError, Named, Verify
from initdb.errors.libpq import connect_sentence
from initdb.errors.masking import masked, names_in
from initdb.errors.safe import shorten
from initdb.errors.sqlstates import STATES

STATEMENT = "statement: "
"""How the line with the masked statement begins."""

_STATEMENT_LIMIT = 240

# Source: https://www.sqlite.org/rescode.html
_NAMES = {
    "SQLITE_AUTH": "The statement was not allowed",
    "SQLITE_BUSY": "The database is locked",
    "SQLITE_CANTOPEN": "The file cannot be opened",
    "SQLITE_CONSTRAINT": "A row breaks a constraint",
    "SQLITE_CONSTRAINT_CHECK": "A row breaks a check",
    "SQLITE_CONSTRAINT_DATATYPE": "A value has another type than its column",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "A row refers to a row that does not exist, or is referred to",
    "SQLITE_CONSTRAINT_NOTNULL": "A column must not be empty",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "Another row has the same value already",
    "SQLITE_CONSTRAINT_ROWID": "Another row has the same value already",
    "SQLITE_CONSTRAINT_TRIGGER": "A trigger of the database refused it by RAISE",
    "SQLITE_CONSTRAINT_UNIQUE": "Another row has the same value already",
    "SQLITE_CORRUPT": "The file is damaged",
    "SQLITE_FULL": "The disk is full",
    "SQLITE_INTERRUPT": "The statement was cancelled",
    "SQLITE_IOERR": "The file cannot be read or written",
    "SQLITE_LOCKED": "A table is locked",
    "SQLITE_MISMATCH": "A value has another type than its column",
    "SQLITE_MISUSE": "The driver was called in the wrong order",
    "SQLITE_NOMEM": "There is no memory left",
    "SQLITE_NOTADB": "The file is no SQLite database",
    "SQLITE_PERM": "The file may not be opened",
    "SQLITE_PROTOCOL": "The locks of the file could not be had",
    "SQLITE_RANGE": "There are more parameters than the statement has",
    "SQLITE_READONLY": "The database is read-only",
    "SQLITE_TOOBIG": "A value is too long",
}

# SQLITE_ERROR says no more than "SQL error": its fixed messages are in SQLite's own source.
_FIXED = (
    ("no such table", "There is no such table"),
    ("no such column", "There is no such column"),
    ("has no column named", "There is no such column"),
    ("no such index", "There is no such index"),
    ("no such function", "There is no such function"),
    ("no such collation", "There is no such collation"),
    ("no such savepoint", "There is no such savepoint"),
    ("duplicate column name", "There is a column of this name already"),
    ("already exists", "There is a table or an index of this name already"),
    ("already another table", "There is a table or an index of this name already"),
    ("syntax error", "The statement is no valid SQL"),
    ("unrecognized token", "The statement is no valid SQL"),
    ("incomplete input", "The statement is not complete"),
    ("not null column with default value null", "A new column without a default may be empty only"),
    ("cannot add a unique column", "SQLite adds no unique column to a table"),
    ("cannot add a primary key column", "SQLite adds no primary key to a table"),
    ("non-constant default", "SQLite adds no column whose default is an expression"),
    ("cannot drop", "The column cannot be dropped: an index or a constraint uses it"),
    ("foreign key mismatch", "A foreign key refers to columns that are not unique"),
    ("values for", "There are more or fewer values than columns"),
    ("within a transaction", "The statement refuses a transaction"),
    ("ambiguous column name", "A column name may mean several columns"),
    ("malformed json", "A text is no JSON"),
    ("one statement at a time", "The driver takes one statement at a time"),
    ("error binding parameter", "The driver cannot send a value of this type"),
    ("number of bindings", "There are more or fewer parameters than the statement has"),
    ("did not supply a value for binding", "A parameter has no value"),
    ("cannot operate on a closed", "The connection was closed"),
)
_PARSED = frozenset({"The statement is no valid SQL", "The statement is not complete"})
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_UNQUOTED = re.compile(
    r"^(?:aggregate|column|function|operator|procedure|schema|type) ([\w.]+)(?:\(| does not)"
)
_GUARDS = re.compile(
    r"init_journal(?:_head)?(?:__\w+)? (?:has one row|moves by an event only|stays"
    r"|is append-only(?:: (?:DELETE|INSERT|TRUNCATE|UPDATE) refused)?)"
    r"|init_journal(?:__\w+)?: (?:event(?: \d{1,12})? (?:does not follow the head|does not give its hash"
    r"|has not the form of an event|is no object|is too long, or not ASCII)"
    r"|only its owner sets an entry aside|this is not an event, or not the one that its columns say)"
)
"""What the journal's own triggers say. Somebody else's may say the same, and no more."""

_SQLITE_NAME = re.compile(
    r"(?:: |named |^(?:table|index|view|trigger) |or index with name: )([^\s:]+)(?=$| already)"
)


def lines_of(error: DriverError, verify: Verify | None = None) -> tuple[str, ...]:
    """What an error says, without a value: a sentence with its code and its names, and the statement.

    Args:
        error: The facts of the error.
        verify: Asks the database for the names; None if it cannot be asked.

    Example:
        >>> lines_of(DriverError((), "42P01", statement="SELECT a FROM ordres WHERE b = 'secret'"))
        ('There is no such table (42P01)', 'statement: SELECT a FROM ordres WHERE b = …')
    """
    said = said_of(error, verify)
    shown = statement_of(error)
    return (said, f"{STATEMENT}{shown}") if shown else (said,)


def said_of(error: DriverError, verify: Verify | None = None) -> str:
    """The first of `lines_of`.

    Args:
        error: As for `lines_of`.
        verify: As for `lines_of`.
    """
    code = f" ({error.code})" if error.code else ""
    names = ", ".join(_names(error, verify))
    return f"{_meaning(error)}{code}" + (f": {names}" if names else "")


def statement_of(error: DriverError) -> str:
    """The statement without its literals, on one line, shortened; empty if it is not known.

    Args:
        error: As for `lines_of`.
    """
    return shorten(_masked(error), _STATEMENT_LIMIT) if error.statement else ""


def _masked(error: DriverError) -> str:
    return masked(error.statement, _kind(error), broken=_is_broken(error))


def _kind(error: DriverError) -> str:
    return "sqlite" if error.is_sqlite else "postgresql"


def _is_broken(error: DriverError) -> bool:
    return error.sqlstate == "42601" or (error.is_sqlite and _meaning(error) in _PARSED)


def _meaning(error: DriverError) -> str:
    if error.lines and _GUARDS.fullmatch(error.lines[0]):
        return re.sub(r"__\w+", "", error.lines[0])
    if error.source in RAISED:
        return STATES["P0001"]
    if not error.is_sqlite:
        if error.sqlstate is None:
            return connect_sentence(error.text) or "The driver, or the connection, failed"
        return STATES.get(error.sqlstate) or STATES.get(error.sqlstate[:2], "The server refused it")
    name = error.sqlite_name or ""
    while name:
        if name in _NAMES:
            return _NAMES[name]
        name = name.rpartition("_")[0]
    fixed = (said for words, said in _FIXED if words in error.text)
    return next(fixed, "SQLite refused it" if error.sqlite_name else "The driver refused it")


def _names(error: DriverError, verify: Verify | None) -> Iterator[str]:
    inside = names_in(_masked(error), _kind(error)) if error.statement else frozenset[str]()
    named = _known(error.named, inside, verify)
    if named.table:
        yield f"table {named.table}"
    if named.constraint:
        yield f"constraint {named.constraint}"
    if named.columns:
        yield f"column{'s' if named.columns[1:] else ''} {', '.join(named.columns)}"
    if not named.table:
        yield from (name for name in _pointed_at(error) if set(name.split(".")) <= inside)


def _known(named: Named, inside: frozenset[str], verify: Verify | None) -> Named:
    """The names that the database has, or that stand in the statement."""
    found = verify(named) if verify is not None and named != Named() else Named()
    if found != Named():
        return found
    return Named(
        named.table if named.table in inside else "",
        tuple(one for one in named.columns if one in inside),
        named.constraint if named.constraint in inside else "",
    )


def _pointed_at(error: DriverError) -> Iterator[str]:
    """What a message has in the place of a name. It may be anything."""
    line = error.lines[0] if error.lines else ""
    quoted = _QUOTED.findall(line)
    if not quoted:
        quoted = (_SQLITE_NAME if error.is_sqlite else _UNQUOTED).findall(line)
    yield from dict.fromkeys(one.strip() for one in quoted)
