"""Password hashes are argon2id with the parameters of the OWASP cheat sheet."""

from __future__ import annotations

import subprocess
import sys

from argon2 import PasswordHasher

from initdb.steps.identity.hashing import hash_password, needs_rehash, verify_password


def test_a_hash_says_its_parameters() -> None:
    """argon2id, 19 MiB, two iterations, one lane; a new salt every time; it fits the column."""
    first, second = hash_password("correct horse"), hash_password("correct horse")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert len(first) <= 255


def test_only_the_password_verifies() -> None:
    """A wrong password, a missing hash and a malformed one are refused, without an error."""
    stored = hash_password("pä\u0000ssword \U0001f40e")
    assert verify_password(stored, "pä\u0000ssword \U0001f40e")
    assert not verify_password(stored, "pä")
    assert not verify_password(None, "")
    for broken in ("", "!", "plain text", stored[:-5], "$2b$12$abcdefghijklmnopqrstuv"):
        assert not verify_password(broken, "plain text")


def test_other_parameters_want_a_new_hash() -> None:
    """A log-in can replace a hash made with other parameters or another function."""
    assert not needs_rehash(hash_password("correct horse"))
    assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("correct horse"))
    assert needs_rehash("$2b$12$abcdefghijklmnopqrstuv")


def test_argon2_is_not_imported_before_it_is_used() -> None:
    """A boot that seeds no user does not import it."""
    code = (
        "import sys, initdb.steps.identity.admin, initdb.steps.identity.rows;"
        "sys.exit('argon2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
