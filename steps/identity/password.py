"""Where the admin's first password comes from, and which passwords are refused."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from initdb.errors import InitError
from initdb.steps.identity.password_file import first_line

VARIABLE = "INITDB_ADMIN_PASSWORD"
MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 1024
ENOUGH_GUESSES = 10**10
"""Zxcvbn's score 4 begins here: below, its authors call a password guessable by somebody who has its hash."""
LONGEST_JUDGED = 72
"""How many characters zxcvbn judges."""

Origin = Literal["environment", "file", "generated", "none"]

# Parts of the passwords that attackers try first: vendors' defaults and lists of leaked passwords.
_WELL_KNOWN = re.compile(
    "administrator|admin|root|user|guest|default|initdb|password|passwort|passwrd|passwd|secret|changeme|"
    "change|welcome|letmein|qwertyuiop|qwerty|asdfghjkl|zxcvbnm|abcdefghijkl|abcdef|abc|test|demo|example|"
    "temp|login|iloveyou|monkey|dragon|master|please|me|now|my|the|this|is|it"
)
_DIGITS = "01234567890123456789"
# Lower-case letters and digits, without those that look alike: i, l, o, 0, 1.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class AdminPassword:
    """A password and its origin. It is None if none was given and no terminal could show a generated one."""

    value: str | None = field(repr=False)
    origin: Origin


def obtain_password(
    environ: Mapping[str, str], password_file: str | Path | None, terminal: bool
) -> AdminPassword:
    """The admin's first password, from the environment, from a file, or generated for a terminal.

    Args:
        environ: May have INITDB_ADMIN_PASSWORD, which comes first; an empty one counts as not given.
        password_file: Its first line is the password.
        terminal: Whether a terminal can show a generated password.

    Raises:
        InitError: `admin-password-unreadable`, if the file has no usable first line; `admin-password-weak`,
            if the password is easy to guess.
    """
    if given := environ.get(VARIABLE):
        refuse_weak(given, f"the password in {VARIABLE}")
        return AdminPassword(given, "environment")
    if password_file is not None:
        line = first_line(Path(password_file))
        refuse_weak(line, f"the first line of {password_file}")
        return AdminPassword(line, "file")
    if terminal:
        return AdminPassword(generate_password(), "generated")
    return AdminPassword(None, "none")


def generate_password() -> str:
    """A random password of four groups of five characters, with 99 bits of entropy."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def refuse_weak(password: str, subject: str, fix: str | None = None) -> None:
    """Refuse a password that is easy to guess.

    Args:
        password: The password.
        subject: What the message calls it.
        fix: What to do about it; None for the advice of a run.

    Raises:
        InitError: `admin-password-weak`.
    """
    if (weakness := _weakness(password)) is not None:
        raise InitError("admin-password-weak", f"{subject} {weakness}", fix=fix)


def _weakness(password: str) -> str | None:
    folded = password.casefold()
    letters = re.sub(r"[\W\d_]", "", folded)
    weaknesses = {
        "is a well-known default, or made of such": letters and not _WELL_KNOWN.sub("", letters),
        f"has fewer than {MINIMUM_LENGTH} characters": len(password) < MINIMUM_LENGTH,
        f"has more than {MAXIMUM_LENGTH} characters": len(password) > MAXIMUM_LENGTH,
        "has fewer than 5 different characters": len(set(folded)) < 5,
        "is a row of digits": password in _DIGITS or password in _DIGITS[::-1],
        "is not valid UTF-8": any("\ud800" <= character <= "\udfff" for character in password),
    }
    return next((weakness for weakness, found in weaknesses.items() if found), None) or _guessed(password)


def _guessed(password: str) -> str | None:
    """Why a password would be guessed soon, by zxcvbn: lists of leaked passwords, names, words, dates, rows
    of keys, and the usual ways to disguise them."""
    from zxcvbn import zxcvbn  # its lists take a tenth of a second

    # Of a long one, the beginning is strong enough or is not; its time grows with the square of the length.
    found = zxcvbn(password[:LONGEST_JUDGED], user_inputs=["initdb", "admin"], max_length=LONGEST_JUDGED)
    if found["guesses"] >= ENOUGH_GUESSES:
        return None
    why = found["feedback"]["warning"].rstrip(".")
    return "is of the kind that is guessed first" + (f" ({why})" if why else "")
