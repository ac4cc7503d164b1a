"""Password hashes: argon2id, encoded as a PHC string (`$argon2id$v=19$m=19456,t=2,p=1$…`).

Parameters: the minimum configuration of the OWASP Password Storage Cheat Sheet, "Argon2id with a minimum
configuration of 19 MiB of memory, an iteration count of 2, and 1 degree of parallelism"
(https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html); salt (16 bytes) and hash
length (32 bytes) as RFC 9106, section 3.1 and section 4 recommend.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MEMORY_KIB = 19_456
ITERATIONS = 2
LANES = 1


@cache
def _hasher() -> PasswordHasher:
    # A boot that hashes nothing should not spend time on this import.
    from argon2 import PasswordHasher, Type

    return PasswordHasher(
        time_cost=ITERATIONS,
        memory_cost=MEMORY_KIB,
        parallelism=LANES,
        hash_len=32,
        salt_len=16,
        type=Type.ID,
    )


def hash_password(password: str) -> str:
    """The argon2id hash of a password under a new random salt: a PHC string of 97 characters."""
    return _hasher().hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether a stored hash is that of a password.

    Args:
        stored: The hash. None, and what is no argon2 hash, matches no password.
        password: The password.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    if stored is None:
        return False
    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether a stored hash was made with other parameters or another function than today's."""
    from argon2.exceptions import InvalidHashError

    try:
        return _hasher().check_needs_rehash(stored)
    except InvalidHashError:
        return True
