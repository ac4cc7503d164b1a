"""Recognises libpq's messages, by a few fixed phrases: before there is a session they have no SQLSTATE."""

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

_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"password authentication failed|sasl authentication failed", "The server refused the password"),
    (r"no password supplied", "The server asks for a password, and none was given"),
    (r"no pg_hba\.conf entry", "The server's pg_hba.conf has no entry for this host, role and database"),
    (r"pg_hba\.conf rejects", "The server's pg_hba.conf rejects this host, role or database"),
    (r"authentication failed for user", "The server refused the log-in of the role"),
    (r"role \".*\" does not exist", "The server has no such role"),
    (r"is not permitted to log in", "The role may not log in"),
    (r"database \".*\" does not exist|no such database", "The server has no such database"),
    (r"is not currently accepting connections", "The database accepts no connections"),
    (r"permission denied for database", "The role may not connect to the database"),
    (r"server does not support ssl|ssl is not enabled on the server", "The server does not offer TLS"),
    (r"certificate verify failed", "The server's certificate could not be verified"),
    (r"server certificate for", "The server's certificate is for another host"),
    (r"requires a valid client certificate", "The server asks for a client certificate"),
    (r"(certificate|private key) file \"", "A file of the certificate or of its key cannot be used"),
    (r"invalid sslmode|sslmode value", "The value of sslmode is wrong"),
    (r"could not translate host name|name or service not known|nodename nor", "The host name is not known"),
    (r"temporary failure in name resolution", "The name service did not answer"),
    (r"timeout expired|connection timed out|operation timed out", "Nothing answered in time"),
    (r"no route to host|network is (unreachable|down)|host is down", "The host cannot be reached"),
    (r"on socket \".*\" failed: no such file", "There is no such socket"),
    (r"connection refused|is the server running", "Nothing accepts connections at this address"),
    (r"on socket \".*\" failed: permission denied", "The socket may not be used"),
    (r"database system is starting up", "The server is starting"),
    (r"database system is shutting down", "The server is shutting down"),
    (r"database system is (in recovery|not)", "The server does not accept connections yet"),
    (r"connection slots are reserved", "The connections that are left are reserved for others"),
    (r"too many|connection slots|no more connections|max_client_conn", "The server has no connection left"),
    (r"session is read-only", "The server is read-only"),
    (r"no space left on device", "The disk of the server is full"),
    (r"invalid connection option", "The driver does not know a parameter after the ?"),
    (r"invalid (port number|integer value)", "A number in the URL, such as the port, is none"),
    (r"invalid (dsn|uri)", "The driver cannot read the URL"),
    (r"can't adapt type", "The driver cannot send a value of this type"),
    (r"must not contain|cannot contain nul|embedded null", "A text has a NUL character"),
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


def connect_sentence(text: str) -> str | None:
    """What a message without an SQLSTATE says, in our own words; None for a message that is not known.

    Args:
        text: As for `connect_failure`.

    Example:
        >>> connect_sentence('fatal:  no pg_hba.conf entry for host "10.0.0.7", user "app"')
        "The server's pg_hba.conf has no entry for this host, role and database"
    """
    lost = "The connection ended" if says_lost(text) else None
    if lost and not re.search(_CONNECTING, text):
        return lost
    return next((said for pattern, said in _SENTENCES if re.search(pattern, text)), lost)


def says_lost(text: str) -> bool:
    """Whether a message of libpq or psycopg2, in lower case, says that an open connection ended."""
    return re.search(_LOST, text) is not None
