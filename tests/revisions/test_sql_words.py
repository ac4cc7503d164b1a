"""SQL words, read by hand: the databases say what is right, and sqlglot agrees where it can."""

from __future__ import annotations

import contextlib
import sqlite3

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url
from sqlglot.dialects import Postgres, SQLite
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

from initdb.steps.transactions.sql_words import first_word, transaction_word
from tests.support.examples import some

ON_BOTH = {
    "COMMIT": "COMMIT",
    "  \n\tcommit transaction ;": "COMMIT",
    "-- why\nCOMMIT": "COMMIT",
    "/* a -- b */COMMIT": "COMMIT",
    "/**/ ; /***/ ;; END": "END",
    "ROLLBACK": "ROLLBACK",
    "ROLLBACK /* all of it */ TRANSACTION": "ROLLBACK",
    "ROLLBACK TO SAVEPOINT mine": None,
    "ROLLBACK TRANSACTION /* of it */ TO mine": None,
    "SELECT 'COMMIT; COMMIT'": None,
    'SELECT 1 AS "; COMMIT"': None,
    "SELECT 'it''s; COMMIT'": None,
    "SELECT 1 /* ; COMMIT */": None,
    "SELECT 1 -- ; COMMIT": None,
    "SELECT 'a\\' AS b": None,
    "SELECT CASE WHEN 1 = 1 THEN 2 END": None,
}
ON_POSTGRESQL = {
    "ABORT": "ABORT",
    "PREPARE TRANSACTION 'x'": "PREPARE TRANSACTION",
    "-- why\rCOMMIT": "COMMIT",
    "/* a /* b */ c */ COMMIT": "COMMIT",
    "SELECT 1; COMMIT": "COMMIT",
    "SELECT 1; ; /* then */ ROLLBACK; SELECT 2": "ROLLBACK",
    "SELECT 1; ROLLBACK TO mine": None,
    "SELECT 'a\\'; COMMIT": "COMMIT",
    "SELECT E'a\\'; COMMIT'": None,
    "SELECT e'a\\\\'; COMMIT": "COMMIT",
    "SELECT E'a'\n'\\\\'; COMMIT": "COMMIT",
    "SELECT U&'\\0061; COMMIT'": None,
    "SELECT $$ ; COMMIT $$": None,
    "SELECT $a$ $$ ; COMMIT $b$ $a$": None,
    "DO $$ BEGIN PERFORM 1; END $$": None,
    "SELECT 1 AS a$$b; COMMIT; SELECT 2 AS c$$": "COMMIT",
    "SELECT 1 AS abe'; COMMIT'": None,
    "SELECT 8 / 2 - 1; COMMIT": "COMMIT",
    "SELECT 8 /* ; */ - -- ;\n 1; COMMIT": "COMMIT",
    "CREATE FUNCTION pg_temp.f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END": None,
}
ON_SQLITE = {
    "/* a /* b */ COMMIT": "COMMIT",
    "CREATE TRIGGER own AFTER INSERT ON t BEGIN SELECT 1; END": None,
    "SELECT [; COMMIT], `; COMMIT` FROM (SELECT 1 AS [; COMMIT], 2 AS `; COMMIT`)": None,
}
WRONG_IN_SQLGLOT = {
    ("postgresql", "/*/**/*/COMMIT"): "COMMIT",
    ("postgresql", "SELECT E'a'\n'\\'; COMMIT'"): None,
    ("sqlite", "COMMIT /* to the end"): "COMMIT",
    ("sqlite", "\ufeffCOMMIT"): "COMMIT",
}
"""What sqlglot 30.30 misreads or refuses to read. The database accepts each of these texts."""

CASES = [
    *(("postgresql", *case) for case in (ON_BOTH | ON_POSTGRESQL).items()),
    *(("sqlite", *case) for case in (ON_BOTH | ON_SQLITE).items()),
    *((*case, word) for case, word in WRONG_IN_SQLGLOT.items()),
]


def by_sqlglot(text: str, database: str = "postgresql") -> bool | None:
    """Whether a statement's first words end or begin a transaction; None where it cannot read the text."""
    try:
        tokens = (Postgres if database == "postgresql" else SQLite)().tokenize(text)
    except TokenError:
        return None
    begins = [one for before, one in zip([None, *tokens], tokens, strict=False) if _separates(before)]
    return any(_leaves([one, *tokens[tokens.index(one) + 1 :]]) for one in begins)


def _separates(token: Token | None) -> bool:
    return token is None or token.token_type == TokenType.SEMICOLON


def _leaves(tokens: list[Token]) -> bool:
    first, *rest = (token.text.upper() for token in tokens[:3])
    second = next((word for word in rest if word not in ("WORK", "TRANSACTION")), "")
    return first in ("COMMIT", "END", "ABORT", "BEGIN") or (first == "ROLLBACK" and second != "TO")


@pytest.fixture(scope="session")
def _dsn(_session_server: object) -> str:
    url = make_url(_session_server.url("postgres"))
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def ended_on_postgresql(dsn: str, text: str) -> bool:
    """Whether the server was out of the transaction after `text`."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SAVEPOINT mine")
        with contextlib.suppress(psycopg2.Error):
            cursor.execute(text)
        try:
            cursor.execute("ROLLBACK TO SAVEPOINT mine")
        except psycopg2.Error:
            return True
        return False


def ended_on_sqlite(text: str) -> bool:
    """Whether SQLite was out of the transaction after `text`."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER)")
        connection.execute("BEGIN")
        connection.execute("SAVEPOINT mine")
        connection.execute(text)
        return not connection.in_transaction


@pytest.mark.parametrize(("database", "text", "word"), CASES)
def test_it_says_what_the_database_does(_dsn: str, database: str, text: str, word: str | None) -> None:
    """A real transaction, the text, and then the question whether the transaction is still there."""
    assert transaction_word(text, database) == word
    ended = ended_on_postgresql(_dsn, text) if database == "postgresql" else ended_on_sqlite(text)
    assert ended == (word is not None)


@pytest.mark.parametrize(("database", "text"), WRONG_IN_SQLGLOT)
def test_where_sqlglot_is_wrong(database: str, text: str) -> None:
    """A reason to read these few words by hand. Where sqlglot learned it, take the case out of the record."""
    assert by_sqlglot(text, database) != (transaction_word(text, database) is not None)


PIECES = st.sampled_from(
    [
        *("COMMIT", "commit", "ROLLBACK", "ROLLBACK TO", "END", "BEGIN", "SELECT", "UPDATE t SET a =", "a$1"),
        *("'; COMMIT'", "'it''s'", '"; END"', '"a""b"', "$$;COMMIT$$", "$x$ $$; END $x$", "E'\\'; COMMIT'"),
        *("/* ; COMMIT */", "/* a /* b */ c */", "-- ; END\n", "/**/", "%s", "%(name)s", ":name", "$1", "?"),
        *(";", ";", ";", "(", ")", ",", "- 1", "/ 2", "::int", "\n"),
    ]
)


@some
@given(st.lists(PIECES, max_size=8).map(" ".join))
def test_it_says_what_sqlglot_says(text: str) -> None:
    """On whatever is made of quotes, comments, parameters and words, as far as sqlglot reads it."""
    theirs = by_sqlglot(text)
    assert theirs is None or (transaction_word(text) is not None) == theirs, text


@some
@given(st.text(max_size=30), st.sampled_from(["sqlite", "postgresql"]))
def test_any_text_is_read(text: str, database: str) -> None:
    """To its end, without an error."""
    transaction_word(text, database)
    assert first_word("  -- why\n/* so */ select 1" + text, database).startswith("SELECT")


@pytest.mark.parametrize(
    "text", ["(" * 100_000, "'" + "''" * 100_000, "/*" * 100_000, "$a" * 50_000 + "; COMMIT"]
)
def test_a_long_text_is_read_soon(text: str) -> None:
    """Nothing in it is gone through again and again."""
    assert transaction_word("SELECT 1; " + text) in (None, "COMMIT")
