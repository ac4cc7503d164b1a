"""The tables of the built-in identity schema.

An account (`users`) is global. It belongs to tenants through `memberships`, and has its roles in each
membership (`user_roles`), so a role in one tenant says nothing about another. A role is a named set of
permissions. Rows with `is_system` belong to the application, and its users must not delete them. User names,
e-mail addresses and slugs are kept in lower case, so that case does not make two of them different. Surrogate
keys are never used twice, so a stale reference to a deleted user never points to a new one. On SQLite this
takes AUTOINCREMENT, and then a primary key cannot have a name.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
    true,
)

from initdb.steps.identity.timestamps import UtcDateTime

VERSION_TABLE = "init_identity_version"

IDENTITY = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_KEY = BigInteger().with_variant(Integer(), "sqlite")
_NOW = text("CURRENT_TIMESTAMP")


def _key() -> Column[int]:
    return Column("id", _KEY, Identity(), primary_key=True)


def _flag(name: str, *, default: bool) -> Column[bool]:
    return Column(name, Boolean(), server_default=true() if default else false(), nullable=False)


def _created_at() -> Column[datetime]:
    return Column("created_at", UtcDateTime(), server_default=_NOW, nullable=False)


def _updated_at() -> Column[datetime]:
    return Column("updated_at", UtcDateTime(), server_default=_NOW, onupdate=_NOW, nullable=False)


tenants = Table(
    "tenants",
    IDENTITY,
    _key(),
    Column("slug", String(63), nullable=False),
    Column("name", String(200), nullable=False),
    _flag("is_system", default=False),
    _flag("is_active", default=True),
    _created_at(),
    _updated_at(),
    UniqueConstraint("slug"),
    CheckConstraint("slug <> '' AND slug = lower(slug)", name="slug"),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    IDENTITY,
    _key(),
    Column("username", String(150), nullable=False),
    Column("email", String(254)),
    Column("display_name", String(200)),
    Column("password_hash", String(255)),
    _flag("must_change_password", default=False),
    _flag("is_active", default=True),
    _flag("locked", default=False),
    _created_at(),
    _updated_at(),
    UniqueConstraint("username"),
    UniqueConstraint("email"),
    CheckConstraint("username <> '' AND username = lower(username)", name="username"),
    CheckConstraint("email <> '' AND email = lower(email)", name="email"),
    sqlite_autoincrement=True,
)

roles = Table(
    "roles",
    IDENTITY,
    _key(),
    Column("name", String(100), nullable=False),
    Column("description", String(500), nullable=False),
    _flag("is_system", default=False),
    _created_at(),
    _updated_at(),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

permissions = Table(
    "permissions",
    IDENTITY,
    _key(),
    Column("code", String(100), nullable=False),
    Column("description", String(500), nullable=False),
    _created_at(),
    UniqueConstraint("code"),
    sqlite_autoincrement=True,
)

role_permissions = Table(
    "role_permissions",
    IDENTITY,
    Column("role_id", _KEY, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
    Column("permission_id", _KEY, ForeignKey("permissions.id", ondelete="CASCADE"), primary_key=True),
    _created_at(),
    Index(None, "permission_id"),
)

memberships = Table(
    "memberships",
    IDENTITY,
    Column("tenant_id", _KEY, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", _KEY, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    _created_at(),
    Index(None, "user_id"),
)

user_roles = Table(
    "user_roles",
    IDENTITY,
    Column("tenant_id", _KEY, primary_key=True),
    Column("user_id", _KEY, primary_key=True),
    Column("role_id", _KEY, ForeignKey("roles.id", ondelete="RESTRICT"), primary_key=True),
    _created_at(),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["memberships.tenant_id", "memberships.user_id"], ondelete="CASCADE"
    ),
    Index(None, "role_id"),
)

TABLES: tuple[str, ...] = tuple(table.name for table in IDENTITY.sorted_tables)


def holds(names: Collection[str]) -> bool:
    """Whether a set of table names contains the whole identity schema."""
    return set(TABLES) <= set(names)
