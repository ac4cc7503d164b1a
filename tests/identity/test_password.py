"""Where the admin's password comes from, and which ones are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from initdb.errors import InitError
from initdb.steps.identity.password import generate_password, obtain_password, refuse_weak

GOOD = "vexed-plume-84-orbit"

WEAK = [
    "short-1",
    "elevenchars",
    "admin",
    "password",
    "changeme",
    "Administrator",
    "Password1234!",
    "admin-admin-admin",
    "Change me, please!",
    "welcome2admin2026",
    "Passw0rd-passw0rd",
    "aaaaaaaaaaaaaaaa",
    "abababababab",
    "123456789012",
    "987654321098",
    "qwertyuiop12",
    "x7!" * 500,
    "vexed-plume-84-\udcff",
    "Summer2025!!!",
    "Winter2026!!!!",
    "P@ssw0rd12345!",
    "Tr0ub4dour&3xyz",
    "qazwsxedcrfv",
    "Liverpool1892",
]


@pytest.mark.parametrize("password", WEAK)
def test_a_weak_password_is_refused_wherever_it_comes_from(password: str) -> None:
    """The error says where the password is and why it is weak, and never repeats it."""
    with pytest.raises(InitError) as caught:
        obtain_password({"INITDB_ADMIN_PASSWORD": password}, None, terminal=True)
    assert caught.value.reference == "admin-password-weak"
    assert caught.value.context[0].startswith("the password in INITDB_ADMIN_PASSWORD ")
    assert password not in caught.value.context[0].removeprefix("the password in ")


@pytest.mark.parametrize(
    "password", [GOOD, "correct horse battery staple", "pässwörter-für-alle", "9" + GOOD]
)
def test_a_good_password_is_taken_as_it_is(password: str) -> None:
    """Spaces, other letters and digits are welcome; no rule asks for a kind of character."""
    assert obtain_password({"INITDB_ADMIN_PASSWORD": password}, None, terminal=False).value == password


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    """The environment's password is used, and the file is not opened."""
    given = obtain_password({"INITDB_ADMIN_PASSWORD": GOOD}, tmp_path / "absent", terminal=True)
    assert (given.value, given.origin) == (GOOD, "environment")


@pytest.mark.parametrize(
    ("start", "ending"), [("", ""), ("", "\n"), ("\ufeff", "\r\n"), ("", "\nsecond line\n")]
)
def test_of_a_file_the_first_line_counts(tmp_path: Path, start: str, ending: str) -> None:
    """Editors, echo and mounted secrets end lines differently. An empty variable counts as not given."""
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_bytes((start + GOOD + ending).encode())
    given = obtain_password({"INITDB_ADMIN_PASSWORD": ""}, path, terminal=True)
    assert (given.value, given.origin) == (GOOD, "file")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), (b"", "empty"), (b"\nlater\n", "empty"), (b"\xff\xfe\x00vexed", "UTF-8")],
)
def test_a_file_without_a_usable_line_is_an_error(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """No other password is taken instead of the file's."""
    path = tmp_path / "secret"
    if content is not None:
        path.touch(0o600)
        path.write_bytes(content)
    with pytest.raises(InitError) as caught:
        obtain_password({}, path, terminal=True)
    assert caught.value.reference == "admin-password-unreadable"
    assert reason in str(caught.value)
    assert "secret" in str(caught.value)


@pytest.mark.parametrize("name", [".", "\0", "x" * 5000])
def test_a_path_that_is_no_file_is_an_error(tmp_path: Path, name: str) -> None:
    """A failed mount leaves a folder, and some names no file can have."""
    with pytest.raises(InitError, match="admin-password-unreadable"):
        obtain_password({}, tmp_path / name, terminal=False)


def test_a_weak_password_in_a_file_is_refused(tmp_path: Path) -> None:
    """The rules are the same for every origin."""
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_text("changeme\n")
    with pytest.raises(InitError, match="admin-password-weak"):
        obtain_password({}, path, terminal=False)


def test_a_terminal_gets_a_generated_password() -> None:
    """A new one each time, that the rules accept."""
    made = {generate_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        refuse_weak(password, "generated")
    given = obtain_password({}, None, terminal=True)
    assert given.origin == "generated"
    assert given.value is not None
    assert given.value not in repr(given)


def test_without_a_terminal_there_is_none() -> None:
    """No one would see it."""
    given = obtain_password({}, None, terminal=False)
    assert (given.value, given.origin) == (None, "none")
