"""Failures that no database driver raised: URLs, sockets, files, Alembic, the application's own code."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from alembic.script.revision import Revision, RevisionMap
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column as SqlColumn
from sqlalchemy import Integer, MetaData, Table, TypeDecorator, create_engine
from sqlalchemy.exc import DBAPIError

from initdb.errors.classify import classify, is_connection_lost, is_missing_table, is_passing, is_read_only
from initdb.errors.libpq import connect_failure, says_lost
from initdb.errors.location import raised_by_ours, where
from initdb.nearest import did_you_mean
from tests.errors.raising import caught

OTHERS = ("migrate", "rollback", "seed", "validate")


@pytest.mark.parametrize(
    ("url", "reference"),
    [
        ("no url at all", "bad-url"),
        ("", "bad-url"),
        ("postgresql+psycopg2://app:s3cret/word@db:port/shop", "bad-url"),
        ("postgresql+psycopg2://app:s3cret@db:54a32/shop", "bad-url"),
        ("postgresql+psycopg2://app:s3cret@127.0.0.1:1/shop?colour=red", "bad-url"),
        ("nosuch://db/shop", "no-such-driver"),
        ("postgresql+nosuch://app:s3cret@db/shop", "no-such-driver"),
        ("mysql+pymysql://app:s3cret@db/shop", "no-such-driver"),
    ],
)
def test_a_url_that_cannot_be_used_is_told(url: str, reference: str) -> None:
    """A mistake in the URL is a matter of usage (exit 2), and never shows the password."""
    raised = caught(lambda: create_engine(url).connect())
    error = classify(raised, doing="connect", database="", target=url)
    assert error.reference == reference
    assert error.exit_code == 2
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    ("raised", "reference"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "disk-full"),
        (PermissionError(errno.EACCES, "Permission denied"), "file-permission-denied"),
        (OSError(errno.EROFS, "Read-only file system"), "read-only-database"),
        (OSError(errno.EIO, "Input/output error"), "disk-error"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "connection-refused"),
        (TimeoutError("timed out"), "connection-timeout"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "host-unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "connection-lost"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "connection-lost"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "host-not-found"),
        (ssl.SSLCertVerificationError("certificate verify failed"), "tls-failed"),
    ],
)
def test_what_the_system_says_is_told(raised: OSError, reference: str) -> None:
    """By type and errno; in the application's own code the same error need not be about the database."""
    for doing in ("connect", "journal", "inspect"):
        error = classify(raised, doing=doing, database="postgresql")
        assert error.reference == reference
        assert is_passing(raised) == error.row.passing
    assert is_connection_lost(raised) == (reference == "connection-lost")
    for doing, expected in zip(
        OTHERS,
        ("revision-failed", "rollback-failed", "seed-callable-failed", "validation-failed"),
        strict=True,
    ):
        assert classify(raised, doing=doing, database="postgresql").reference == expected


def test_a_real_file_of_another_kind_is_no_database_error() -> None:
    """An OSError without a row of its own is shown by its type and the words of the system."""
    error = classify(caught(lambda: os.open("/nowhere/at/all", os.O_RDONLY)), doing="journal", database="")
    assert error.reference == "internal-error"
    assert error.context[0] == "FileNotFoundError: No such file or directory"
    assert error.context[-1].startswith("at: ")
    assert not is_missing_table(OSError())
    assert not is_read_only(OSError())


def _map(*revisions: tuple[str, str | None]) -> RevisionMap:
    return RevisionMap(lambda: [Revision(name, down) for name, down in revisions])


def test_what_alembic_says_is_told() -> None:
    """Several heads, circles and unknown revisions are recognised by their type."""
    heads = caught(lambda: _map(("a", None), ("b", "a"), ("c", "a")).get_current_head())
    assert classify(heads, doing="migrate", database="").reference == "multiple-heads"
    circle = caught(lambda: _map(("a", "c"), ("b", "a"), ("c", "b")).heads)
    assert classify(circle, doing="migrate", database="").reference == "broken-history"
    unknown = caught(lambda: _map(("a", None)).get_revision("zzz"))
    assert classify(unknown, doing="rollback", database="").reference == "broken-history"


def test_the_line_of_the_application_is_told(tmp_path: Path) -> None:
    """The innermost line that is the application's own, not SQLAlchemy's or Alembic's below it."""
    file = tmp_path / "0003_prices.py"
    file.write_text("from sqlalchemy.engine import make_url\n\ndef upgrade():\n    make_url('x')\n")
    code: CodeType = compile(file.read_text(), str(file), "exec")
    names: dict[str, Any] = {"__name__": "0003_prices_py"}
    exec(code, names)
    error = classify(caught(names["upgrade"]), doing="migrate", database="sqlite", target="0003")
    assert error.reference == "revision-failed"
    assert error.context[0] == "0003"
    assert error.context[-1].endswith("0003_prices.py line 4")


def test_a_syntax_error_in_a_revision_is_told(tmp_path: Path) -> None:
    """A file that is no Python is named with its line."""
    file = tmp_path / "0004.py"
    file.write_text("def upgrade():\n<<<<<<< HEAD\n")
    raised = caught(lambda: compile(file.read_text(), str(file), "exec"))
    error = classify(raised, doing="migrate", database="")
    assert error.reference == "revision-unparsable"
    assert error.context[-1].endswith("0004.py line 2")
    assert where(ValueError()) == ""


def test_a_stop_is_told() -> None:
    """Ctrl-C is no failure of the work that it reached; an exit of the application's code is."""
    assert classify(KeyboardInterrupt(), doing="migrate", database="").reference == "stopped"
    assert classify(SystemExit(3), doing="migrate", database="").reference == "revision-failed"


def test_parameters_are_not_told() -> None:
    """A value that fails before it reaches the driver is in SQLAlchemy's message, and not in ours."""

    class Refusing(TypeDecorator[int]):
        impl = Integer
        cache_ok = True

        def process_bind_param(self, value: Any, dialect: Any) -> Any:
            raise ValueError("not a colour")

    table = Table("t", MetaData(), SqlColumn("a", Refusing), SqlColumn("b", Integer))
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        raised = caught(lambda: connection.execute(table.insert(), {"a": "s3cret", "b": 1}))
    assert "s3cret" in str(raised)
    error = classify(raised, doing="seed", database="sqlite")
    assert error.context[0] == "ValueError"
    wrapped = classify(RuntimeError(f"it failed: {raised}"), doing="seed", database="sqlite")
    assert "s3cret" not in str(error) + str(wrapped)


def test_a_hostile_exception_is_told_all_the_same() -> None:
    """An exception that cannot print itself does not stop the report."""

    class Hostile(Exception):
        pgcode = "23505"

        def __str__(self) -> str:
            raise RuntimeError("no")

    error = classify(Hostile(), doing="seed", database="postgresql")
    assert error.reference == "internal-error"
    assert error.context == ("Hostile, and RuntimeError while it was described",)


@settings(deadline=None)
@given(
    st.text(), st.sampled_from(["connect", "journal", "migrate", "seed", "", "\udc80"]), st.text(), st.text()
)
def test_anything_is_told(message: str, doing: str, database: str, target: str) -> None:
    """Any exception, in any work, gives printable text."""
    for raised in (
        RuntimeError(message),
        OSError(message),
        DBAPIError(message, {"p": message}, Exception(message)),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "reason"),
    ):
        error = classify(raised, doing=doing, database=database, target=target)
        assert all(line.isprintable() for line in error.context)


@pytest.mark.parametrize(
    ("message", "reference", "lost"),
    [
        ("could not receive data from server: Connection timed out", None, True),
        ("SSL SYSCALL error: Connection timed out", None, True),
        ("SSL error: decryption failed or bad record mac", None, True),
        (
            'connection to server at "db", port 5432 failed: server closed the connection unexpectedly',
            None,
            True,
        ),
        (
            'connection to server at "db" (::1), port 5432 failed: Connection refused\n'
            'connection to server at "db" (127.0.0.1), port 5432 failed: FATAL:  no pg_hba.conf entry for',
            "authentication-failed",
            False,
        ),
        (
            'connection to server at "db", port 5432 failed: SSL error: certificate verify failed',
            "tls-failed",
            False,
        ),
        (
            'connection to server on socket "/run/s" failed: Permission denied',
            "file-permission-denied",
            False,
        ),
        ('connection to server at "db", port 5432 failed: No route to host', "host-unreachable", False),
        ("connection to server failed: FATAL:  the database system is starting up", "server-starting", False),
        (
            "connection to server failed: FATAL:  sorry, too many clients already",
            "too-many-connections",
            False,
        ),
        ("connection to server failed: session is read-only", "read-only-database", False),
        ("can't adapt type 'object'", None, False),
    ],
)
def test_the_words_of_libpq_are_understood(message: str, reference: str | None, lost: bool) -> None:
    """Before there is a session there is no code; the end of a session is a different error."""
    assert connect_failure(message.lower()) == reference
    assert says_lost(message.lower()) == lost or reference == "tls-failed"


def test_a_mistake_of_ours_is_not_blamed_on_the_url() -> None:
    """What initdb's own code raises is an internal error, with its place."""
    raised = caught(lambda: did_you_mean(None, ()))  # type: ignore[arg-type]
    assert raised_by_ours(raised)
    error = classify(raised, doing="connect", database="sqlite", target="sqlite:///shop.db")
    assert error.reference == "internal-error"
    assert any(line.startswith("at: ") for line in error.context)
