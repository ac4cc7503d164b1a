"""Finds the row of the catalogue for an exception of the system, of sockets, of a URL, or of Alembic."""

from __future__ import annotations

import errno
import socket

from initdb.errors.location import raised_by_ours

_ERRNOS = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EACCES: "file-permission-denied",
    errno.EPERM: "file-permission-denied",
    errno.EROFS: "read-only-database",
    errno.EIO: "disk-error",
    errno.ECONNREFUSED: "connection-refused",
    errno.ETIMEDOUT: "connection-timeout",
    errno.EHOSTUNREACH: "host-unreachable",
    errno.ENETUNREACH: "host-unreachable",
    errno.EHOSTDOWN: "host-unreachable",
    errno.ENETDOWN: "host-unreachable",
    errno.ECONNRESET: "connection-lost",
    errno.ECONNABORTED: "connection-lost",
    errno.EPIPE: "connection-lost",
}
_ALEMBIC = {
    "MultipleHeads": "multiple-heads",
    "ResolutionError": "broken-history",
    "RevisionError": "broken-history",
    "CycleDetected": "broken-history",
    "DependencyCycleDetected": "broken-history",
    "LoopDetected": "broken-history",
    "DependencyLoopDetected": "broken-history",
    "RangeNotAncestorError": "broken-history",
}
_MISTAKES = (AssertionError, AttributeError, LookupError, NameError, TypeError)
OTHERS_CODE = frozenset({"migrate", "rollback", "seed", "validate"})
"""Work in which the application's own code runs. Its files and sockets need not be the database's."""


def python_reference(exc: BaseException, doing: str) -> str | None:
    """The reference for `exc`; None if only the work that failed decides."""
    if isinstance(exc, KeyboardInterrupt):
        return "stopped"
    if doing in OTHERS_CODE:
        return _from_migrations(exc) if doing in {"migrate", "rollback"} else None
    if isinstance(exc, _MISTAKES) and raised_by_ours(exc):
        return "internal-error"
    return _from_system(exc) or (_from_url(exc) if doing == "connect" else None)


def _from_system(exc: BaseException) -> str | None:
    import ssl  # takes 7 ms, which a boot on a ready database does not need

    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (ssl.SSLError, "tls-failed"),
        (socket.gaierror, "host-not-found"),
        (TimeoutError, "connection-timeout"),
    )
    for kind, reference in kinds:
        if isinstance(exc, kind):
            return reference
    if _is_sqlalchemy(exc, "TimeoutError"):
        return "too-few-connections"
    return _ERRNOS.get(exc.errno or 0) if isinstance(exc, OSError) else None


def _from_url(exc: BaseException) -> str | None:
    if isinstance(exc, ImportError) or _is_sqlalchemy(exc, "NoSuchModuleError"):
        return "no-such-driver"
    if isinstance(exc, UnicodeError):
        return None
    if isinstance(exc, ValueError | TypeError) or _is_sqlalchemy(exc, "ArgumentError"):
        return "bad-url"
    return None


def url_fault(exc: BaseException) -> str:
    """What is wrong with a URL, by the type of the exception: its message may quote the password."""
    if isinstance(exc, TypeError):
        return "The driver does not know a parameter after the ?."
    if isinstance(exc, ValueError):
        return "The port is not a number, or another part of the URL was read as the port."
    return "It does not have the form dialect://user@host:5432/database."


def _from_migrations(exc: BaseException) -> str | None:
    if isinstance(exc, SyntaxError):
        return "revision-unparsable"
    for error in (exc, exc.__cause__):
        if error is not None and type(error).__module__.startswith("alembic."):
            reference = _ALEMBIC.get(type(error).__name__)
            if reference:
                return reference
    return None


def _is_sqlalchemy(exc: BaseException, name: str) -> bool:
    return any(base.__module__ == "sqlalchemy.exc" and base.__name__ == name for base in type(exc).__mro__)


def missing_driver(exc: BaseException, then: str = "initdb run") -> str | None:
    """The fix if code fails because SQLAlchemy's choice for a plain postgresql:// is not installed.

    SQLAlchemy 2.1 imports psycopg for it, and 2.0 psycopg2.

    Args:
        exc: What that code raised.
        then: The command that follows.
    """
    if not isinstance(exc, ModuleNotFoundError) or exc.name != "psycopg":
        return None
    return (
        "In the URL of the application name the driver that is installed: postgresql+psycopg2://…; or "
        f"pip install 'psycopg[binary]'. Then: {then}"
    )
