"""Recognises libpq's messages before there is a session, by a few fixed phrases: they have no SQLSTATE."""

from __future__ import annotations

import re

# The most specific first: of several addresses one may refuse the connection and another ask for a password.
_PHRASES: tuple[tuple[str, str], ...] = (
    ("read-only-database", r"session is read-only"),
    (
        "too-many-connections",
        r"too many clients already|connection slots are reserved|too many connections for",
    ),
    ("too-many-connections", r"no more connections allowed|max_client_conn"),
    (
        "server-starting",
        r"database system is (starting up|shutting down|in recovery mode|not (yet )?accepting)",
    ),
    ("disk-full", r"no space left on device"),
    ("database-closed", r"is not currently accepting connections"),
    ("tls-failed", r"requires a valid client certificate"),
    (
        "authentication-failed",
        r"authentication failed for user|no password supplied|no pg_hba\.conf entry",
    ),
    (
        "authentication-failed",
        r"pg_hba\.conf rejects|is not permitted to log in|sasl authentication failed",
    ),
    ("authentication-failed", r"role \".*\" does not exist|authentication method \S+ not supported"),
    ("unknown-database", r"database \".*\" does not exist|no such database"),
    ("database-permission-denied", r"permission denied for database"),
    ("tls-failed", r"server does not support ssl|certificate verify failed|server certificate for"),
    (
        "tls-failed",
        r"(certificate|private key) file \"|invalid sslmode|sslmode value|ssl error: (?!.*eof)",
    ),
    ("tls-failed", r"ssl is not enabled on the server|server did not negotiate"),
    ("host-not-found", r"could not translate host name|name or service not known|nodename nor servname"),
    ("host-not-found", r"temporary failure in name resolution"),
    ("connection-timeout", r"timeout expired|connection timed out|operation timed out"),
    ("host-unreachable", r"no route to host|network is (unreachable|down)|host is down"),
    ("file-permission-denied", r"on socket \".*\" failed: permission denied"),
    (
        "connection-refused",
        r"connection refused|is the server running|on socket \".*\" failed: no such file",
    ),
    ("bad-url", r"invalid dsn|invalid connection option|invalid (port number|integer value|uri)"),
)

_CONNECTING = r"connection to server (at|on)|could not (connect to server|translate host name)"
_LOST = (
    r"server closed the connection|connection already closed|terminating connection|connection not open"
    r"|could not (receive data from|send data to) server|no connection to the server|eof (detected|while)"
    r"|broken pipe|connection pointer is null|ssl connection has been closed|ssl (syscall )?error"
    r"|closed the connection|connection (has been |was )?(closed|reset|aborted)|lost synchronization"
)


def connect_failure(text: str) -> str | None:
    """The reference for libpq's message about a connection that could not be made; None for other messages.

    The phrases are untranslated, from PostgreSQL's src/interfaces/libpq/fe-connect.c, fe-auth.c and
    fe-secure-*.c, and from src/backend/libpq/auth.c and utils/init/postinit.c.

    Args:
        text: The whole message in lower case.

    Example:
        >>> connect_failure('fatal:  password authentication failed for user "app"')
        'authentication-failed'
    """
    if says_lost(text) and not re.search(_CONNECTING, text):
        return None  # "could not receive data from server: Connection timed out" is the end of a session
    return next((reference for reference, pattern in _PHRASES if re.search(pattern, text)), None)


def says_lost(text: str) -> bool:
    """Whether a message of libpq or psycopg2, in lower case, says that an open connection ended."""
    return re.search(_LOST, text) is not None
