"""Remembers on this host which credentials a server refused, so that restarts do not try them on and on."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from initdb.events.spool_file import opened

LARGEST = 4096
"""Bytes. What is longer is no file of ours."""

_MARK = 4
"""Hexadecimal digits that are kept of credentials: they show that they are others, and test no guesses."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is remembered of one login.

    Attributes:
        tries: How often in a row it was refused.
        last: When it was refused last, in seconds since 1970.
        mark: Tells its credentials from others.
    """

    tries: int
    last: float
    mark: str

    def until(self, first: float, most: float) -> float:
        """The time before which it is not tried again, in seconds since 1970. Pure.

        Args:
            first: The seconds after the first refusal; they double with each further one.
            most: The most seconds.

        Example:
            >>> [Refusals(tries, 100.0, "").until(10, 60) for tries in (1, 2, 3, 4, 500)]
            [110.0, 120.0, 140.0, 160.0, 160.0]
        """
        return self.last + min(most, first * 2.0 ** min(self.tries - 1, 60))


@dataclass(frozen=True, slots=True)
class RefusedLogins:
    """The file about one login, beside the spool; the rules for it and its folder are those of the spool.

    Its methods raise no OSError. What cannot be written is not remembered.

    Args:
        path: The file.
    """

    path: Path

    @classmethod
    def at(cls, url: str) -> RefusedLogins | None:
        """The file for a URL; None if this user has no folder.

        Args:
            url: The URL of the database, without the password.
        """
        folder = _folder()
        name = hashlib.sha256(url.encode("utf-8", "backslashreplace")).hexdigest()[:32]
        return None if folder is None else cls(folder / f"{name}.login")

    def of(self, credentials: Iterable[str]) -> Refusals | None:
        """What is remembered; None if nothing is, or only of other credentials.

        Args:
            credentials: What is sent now.
        """
        if not self.path.exists():  # a boot that is let in pays no more than this
            return None
        with contextlib.suppress(OSError), opened(self.path) as descriptor:
            found = _parse(os.pread(descriptor, LARGEST, 0))
            return found if found and found.mark == self._mark(credentials, create=False) else None
        return None

    def refused(self, credentials: Iterable[str], now: float) -> None:
        """Remember a refusal.

        Args:
            credentials: What was sent.
            now: The time, in seconds since 1970.
        """
        with contextlib.suppress(OSError), opened(self.path, create=True) as descriptor:
            mark = self._mark(credentials, create=True)
            before = _parse(os.pread(descriptor, LARGEST, 0))
            tries = before.tries + 1 if before and before.mark == mark else 1
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps({"tries": tries, "last": now, "mark": mark}).encode("ascii"))

    def forget(self) -> None:
        """Forget it: the server let this process in."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _mark(self, credentials: Iterable[str], *, create: bool) -> str:
        with opened(self.path.with_name("login.key"), create=create) as descriptor:
            key = os.pread(descriptor, 32, 0)
            if len(key) != 32 and create:
                key = secrets.token_bytes(32)
                os.ftruncate(descriptor, 0)
                os.write(descriptor, key)
        text = json.dumps(list(credentials))
        return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()[:_MARK]


def credentials_of(
    url: str, environ: Callable[[str], str | None], read: Callable[[Path], str]
) -> tuple[str, ...]:
    """What a PostgreSQL driver sends, as far as it can be known here: URL, PGPASSWORD, the file of passwords.

    Args:
        url: The URL, with its password.
        environ: Gives an environment variable.
        read: Gives the content of a file; empty if it cannot be read.
    """
    home = environ("HOME")
    file = environ("PGPASSFILE") or (f"{home}/.pgpass" if home else "")
    return (url, environ("PGUSER") or "", environ("PGPASSWORD") or "", read(Path(file)) if file else "")


def _folder() -> Path | None:
    """The spool's folder, as far as the environment names it: to ask platformdirs costs a boot 16 ms."""
    state, home = os.environ.get("XDG_STATE_HOME", ""), os.environ.get("HOME", "")
    if Path(state).is_absolute():
        return Path(state, "initdb")
    return Path(home, ".local/state/initdb") if Path(home).is_absolute() else None


def _parse(content: bytes) -> Refusals | None:
    try:
        said = json.loads(content)
        found = Refusals(int(said["tries"]), float(said["last"]), str(said["mark"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return found if found.tries > 0 else None
