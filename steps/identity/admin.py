"""The admin: the account, its password, and what the terminal shows of them."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, insert, select, update

from initdb.errors import InitError
from initdb.steps.identity.hashing import hash_password, needs_rehash, verify_password
from initdb.steps.identity.models import memberships, roles, tenants, user_roles, users
from initdb.steps.identity.password import AdminPassword, generate_password, obtain_password, refuse_weak
from initdb.steps.identity.rows import ADMIN_ROLE, SYSTEM_TENANT

__all__ = [
    "ADMIN",
    "AdminPassword",
    "announcement",
    "check_password",
    "create_admin",
    "hash_password",
    "needs_rehash",
    "obtain_password",
    "set_password",
    "verify_password",
]

ADMIN = "admin"


def create_admin(
    connection: Connection,
    password: AdminPassword,
    *,
    username: str = ADMIN,
    email: str | None = None,
    must_change: bool = False,
) -> bool:
    """Create the admin of the system tenant, in the caller's transaction.

    A generated password must be changed at the first log-in. Without a password the account is locked. The
    rows of `initdb.steps.identity.rows.apply` must exist.

    Args:
        connection: In a transaction.
        password: The password and its origin.
        username: The name of the account.
        email: Its address.
        must_change: Whether a password that was given must be changed at the first log-in, too.

    Returns:
        Whether the admin was created. If the user name is taken, nothing changes.

    Raises:
        InitError: `identity-incomplete`, if the system tenant or the admin role is missing.
    """
    username = username.lower()
    if connection.scalar(select(users.c.id).where(users.c.username == username)) is not None:
        return False
    tenant = connection.scalar(select(tenants.c.id).where(tenants.c.slug == SYSTEM_TENANT))
    role = connection.scalar(select(roles.c.id).where(roles.c.name == ADMIN_ROLE))
    if tenant is None or role is None:
        absent = f"tenant {SYSTEM_TENANT!r}" if tenant is None else f"role {ADMIN_ROLE!r}"
        raise InitError(
            "identity-incomplete", f"there is no {absent} that the user {username!r} could belong to"
        )
    account = insert(users).values(
        username=username,
        email=email.lower() if email else None,
        display_name="Administrator",
        password_hash=None if password.value is None else hash_password(password.value),
        must_change_password=password.origin == "generated" or (must_change and password.value is not None),
        locked=password.value is None,
    )
    user = connection.scalar(account.returning(users.c.id))
    connection.execute(insert(memberships).values(tenant_id=tenant, user_id=user))
    connection.execute(insert(user_roles).values(tenant_id=tenant, user_id=user, role_id=role))
    return True


def set_password(connection: Connection, username: str, password: str, *, must_change: bool = False) -> None:
    """Set a password that the user has chosen, and unlock the account, in the caller's transaction.

    Args:
        connection: In a transaction.
        username: The name of the account.
        password: The new password.
        must_change: Whether the user must change it at the next log-in, since another person chose it.

    Raises:
        InitError: `admin-password-weak`, if the password is easy to guess; `user-unknown`, if there is no
            such user. Nothing changes then.
    """
    refuse_weak(
        password,
        f"the new password of user {username!r}",
        "Choose a longer one that is not common: initdb admin set-password",
    )
    changed = connection.execute(
        update(users)
        .where(users.c.username == username.lower())
        .values(password_hash=hash_password(password), must_change_password=must_change, locked=False)
    )
    if changed.rowcount == 0:
        raise InitError("user-unknown", f"there is no user {username!r}")


def check_password(connection: Connection, username: str, password: str) -> bool:
    """Whether a user who is not locked has a password, in the caller's transaction.

    If it is the right one, and its hash has older parameters than today's, a new hash replaces it. An unknown
    user takes as long as a known one.

    Args:
        connection: In a transaction.
        username: The name of the account.
        password: What was given as its password.
    """
    query = select(users.c.id, users.c.password_hash).where(
        users.c.username == username.lower(), users.c.locked.is_(False)
    )
    row = connection.execute(query).one_or_none()
    stored = row.password_hash if row is not None else None
    right = verify_password(stored or _nobodys_hash(), password) and stored is not None
    if row is not None and right and needs_rehash(row.password_hash):
        connection.execute(
            update(users).where(users.c.id == row.id).values(password_hash=hash_password(password))
        )
    return right


@cache
def _nobodys_hash() -> str:
    return hash_password(generate_password())


def announcement(password: AdminPassword, username: str = ADMIN) -> str:
    """What to print about the admin's password, between `create_admin` and the commit.

    If it were printed after the commit, a kill in between would lose a generated password for ever. Only a
    generated password is shown.

    Args:
        password: The password and its origin.
        username: The name of the account.
    """
    match password.origin:
        case "generated":
            return (
                f"The user {username!r} is being created with this password:\n\n    {password.value}\n\n"
                "It is valid once this run says so, is not shown again and must be changed at first log-in."
            )
        case "none":
            return (
                f"The user {username!r} is being created locked: no password was given, and there is no "
                "terminal to show a generated one on. To give it one: initdb admin set-password"
            )
        case origin:
            return f"The user {username!r} is being created with the password from the {origin}."
