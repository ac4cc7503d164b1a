"""The admin user is created once, and its password is shown once."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from initdb.errors import InitError
from initdb.steps.identity.admin import (
    AdminPassword,
    announcement,
    check_password,
    create_admin,
    hash_password,
    needs_rehash,
    set_password,
    verify_password,
)
from initdb.steps.identity.models import memberships, roles, tenants, user_roles, users
from initdb.steps.identity.rows import apply

GIVEN = AdminPassword("vexed-plume-84-orbit", "environment")
GENERATED = AdminPassword("k3vfd-9qwxz-mm2hp-tr7ye", "generated")
NONE = AdminPassword(None, "none")


def _account(connection: Connection, username: str = "admin") -> Row[tuple[object, ...]]:
    return connection.execute(select(users).where(users.c.username == username)).one()


def test_the_admin_administers_the_system_tenant(identity: Engine) -> None:
    """One user, member of the system tenant, with the admin role there and nothing else."""
    with identity.begin() as connection:
        apply(connection)
        assert create_admin(connection, GIVEN, email="Ops@Example.com") is True
    held = (
        select(users.c.username, users.c.email, tenants.c.slug, roles.c.name)
        .join_from(users, memberships)
        .join(user_roles)
        .join(roles)
        .join(tenants, tenants.c.id == memberships.c.tenant_id)
    )
    with identity.connect() as connection:
        assert connection.execute(held).all() == [("admin", "ops@example.com", "system", "admin")]


@pytest.mark.parametrize(
    ("password", "must_change", "locked"),
    [
        (GIVEN, False, False),
        (AdminPassword(GIVEN.value, "file"), False, False),
        (GENERATED, True, False),
        (NONE, False, True),
    ],
)
def test_the_origin_of_the_password_decides_the_flags(
    identity: Engine, password: AdminPassword, must_change: bool, locked: bool
) -> None:
    """A generated password must be changed. Without one the account is locked and has no hash."""
    with identity.begin() as connection:
        apply(connection)
        create_admin(connection, password)
        row = _account(connection)
    assert (row.must_change_password, row.locked, row.is_active) == (must_change, locked, True)
    if password.value is None:
        assert row.password_hash is None
    else:
        assert verify_password(row.password_hash, password.value)


def test_an_admin_that_exists_is_left_alone(identity: Engine) -> None:
    """Neither its password nor its rights are touched, whatever is given."""
    with identity.begin() as connection:
        apply(connection)
        connection.execute(insert(users).values(username="admin", display_name="Somebody"))
        before = _account(connection)
        assert create_admin(connection, GIVEN, username="Admin") is False
        assert _account(connection) == before
        assert connection.scalar(select(func.count()).select_from(user_roles)) == 0


def test_another_person_chose_it(identity: Engine) -> None:
    """A given password must be changed where the setting wants it; no password stays none."""
    with identity.begin() as connection:
        apply(connection)
        create_admin(connection, GIVEN, must_change=True)
        assert _account(connection).must_change_password is True
        set_password(connection, "admin", "a-much-better-orbit")
        assert _account(connection).must_change_password is False
        set_password(connection, "admin", "a-much-better-orbit", must_change=True)
        assert _account(connection).must_change_password is True


def test_a_log_in_replaces_an_older_hash(identity: Engine) -> None:
    """If the password is right, once; who is locked or unknown does not log in."""
    older = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("a-much-better-orbit")
    with identity.begin() as connection:
        apply(connection)
        create_admin(connection, GIVEN)
        connection.execute(update(users).values(password_hash=older))
        assert not check_password(connection, "admin", "another")
        assert _account(connection).password_hash == older
        assert check_password(connection, "Admin", "a-much-better-orbit")
        newer = _account(connection).password_hash
        assert not needs_rehash(newer) and verify_password(newer, "a-much-better-orbit")
        assert check_password(connection, "admin", "a-much-better-orbit")
        assert _account(connection).password_hash == newer
        connection.execute(update(users).values(locked=True))
        assert not check_password(connection, "admin", "a-much-better-orbit")
        assert not check_password(connection, "nobody", "a-much-better-orbit")
        connection.execute(update(users).values(locked=False, password_hash=None))
        assert not check_password(connection, "admin", "a-much-better-orbit")


def test_without_the_first_rows_there_is_no_admin(identity: Engine) -> None:
    """The error names what is missing."""
    with identity.begin() as connection:
        with pytest.raises(InitError, match="identity-incomplete") as caught:
            create_admin(connection, GIVEN)
        assert "tenant 'system'" in str(caught.value)
        connection.execute(insert(tenants).values(slug="system", name="System"))
        with pytest.raises(InitError, match="role 'admin'"):
            create_admin(connection, GIVEN)
        assert connection.scalar(select(func.count()).select_from(users)) == 0


def test_setting_a_password_unlocks(identity: Engine) -> None:
    """A person chose it: it need not be changed; the user name may be given in any case."""
    with identity.begin() as connection:
        apply(connection)
        create_admin(connection, NONE)
        connection.execute(update(users).values(must_change_password=True))
        set_password(connection, "ADMIN", "a-much-better-orbit")
        row = _account(connection)
    assert verify_password(row.password_hash, "a-much-better-orbit")
    assert (row.locked, row.must_change_password) == (False, False)


@pytest.mark.parametrize(
    ("username", "password", "reference"),
    [("nobody", "vexed-plume-84-orbit", "user-unknown"), ("admin", "changeme", "admin-password-weak")],
)
def test_setting_a_password_changes_nothing_where_it_fails(
    identity: Engine, username: str, password: str, reference: str
) -> None:
    """An unknown user or a weak password is an error, and no account changes."""
    with identity.begin() as connection:
        connection.execute(insert(users).values(username="admin", password_hash=hash_password("old")))
        before = _account(connection)
        with pytest.raises(InitError) as caught:
            set_password(connection, username, password)
        assert caught.value.reference == reference
        assert password not in str(caught.value)
        assert _account(connection) == before


def test_a_generated_password_is_announced_before_it_is_valid() -> None:
    """The text has the password on a line of its own, and says from when it is valid."""
    text = announcement(GENERATED)
    assert "    k3vfd-9qwxz-mm2hp-tr7ye" in text.splitlines()
    assert "valid once this run says so" in text
    assert "changed at first log-in" in text


def test_other_passwords_are_not_told() -> None:
    """A given password is not repeated. For a locked account the text has the command that unlocks it."""
    assert GIVEN.value is not None
    assert GIVEN.value not in announcement(GIVEN)
    assert "environment" in announcement(GIVEN)
    assert "initdb admin set-password" in announcement(NONE)
    assert "locked" in announcement(NONE)
