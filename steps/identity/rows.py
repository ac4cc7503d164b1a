"""The first rows of the identity schema: the system tenant, permissions, default roles and what each may do.

Roles follow least privilege: viewer, member, manager, admin. Each has the permissions of the one before it.
Only an admin may assign roles, so no user can promote themselves. A role counts in the tenant of its
membership. What concerns the whole installation, such as creating tenants, is for admins of the system
tenant; the application checks that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sqlalchemy import Column, Connection, insert, select

from initdb.steps.identity.models import IDENTITY, permissions, roles

SYSTEM_TENANT = "system"
ADMIN_ROLE = "admin"

Row = Mapping[str, object]
SeedRows = tuple[tuple[str, tuple[str, ...], tuple[Row, ...]], ...]

_PERMISSIONS = {
    "tenants:read": "See the tenant and its settings.",
    "tenants:create": "Create a tenant.",
    "tenants:update": "Change the tenant's name and settings.",
    "tenants:delete": "Delete a tenant with everything in it.",
    "users:read": "See the members of the tenant.",
    "users:create": "Create a user account.",
    "users:update": "Change, lock and unlock a user account.",
    "users:delete": "Delete a user account.",
    "memberships:manage": "Add users to the tenant and remove them from it.",
    "roles:read": "See the roles and their permissions.",
    "roles:assign": "Give roles to members of the tenant and take them away.",
    "roles:manage": "Create, change and delete roles.",
}

_VIEWER = ("tenants:read",)
_MEMBER = (*_VIEWER, "users:read")
_MANAGER = (*_MEMBER, "tenants:update", "users:create", "memberships:manage", "roles:read")

_ROLES = {
    ADMIN_ROLE: ("Administers everything.", tuple(_PERMISSIONS)),
    "manager": ("Looks after a tenant and its members.", _MANAGER),
    "member": ("Works in a tenant.", _MEMBER),
    "viewer": ("Sees a tenant and changes nothing.", _VIEWER),
}

# How a link row's natural key becomes an id: table -> cell -> (column, where to find it, where its id is).
_LINKS: Mapping[str, Mapping[str, tuple[str, Column[object], Column[object]]]] = {
    "role_permissions": {
        "role": ("role_id", roles.c.name, roles.c.id),
        "permission": ("permission_id", permissions.c.code, permissions.c.id),
    }
}


def seed_rows() -> SeedRows:
    """Each table with its natural key and its rows, in the order of insertion. The result is always the same.

    The rows of `role_permissions` have the names of role and permission (`role`, `permission`) instead of
    their ids, which exist only in a database; see `missing`.
    """
    return (
        ("tenants", ("slug",), _frozen([{"slug": SYSTEM_TENANT, "name": "System", "is_system": True}])),
        ("permissions", ("code",), _frozen({"code": c, "description": d} for c, d in _PERMISSIONS.items())),
        (
            "roles",
            ("name",),
            _frozen({"name": n, "description": d, "is_system": True} for n, (d, _) in _ROLES.items()),
        ),
        (
            "role_permissions",
            ("role", "permission"),
            _frozen(
                {"role": name, "permission": code} for name, (_, codes) in _ROLES.items() for code in codes
            ),
        ),
    )


def missing(
    connection: Connection, table: str, key: tuple[str, ...], rows: tuple[Row, ...]
) -> tuple[Row, ...]:
    """The rows of one entry of `seed_rows()` that the database lacks, as they were given.

    A link is missing too if its role or its permission is missing.

    Args:
        connection: It is only read.
        table: The name of the table.
        key: Its natural key.
        rows: Its rows.
    """
    columns = [IDENTITY.tables[table].c[_column(table, cell)] for cell in key]
    ids = _linked_ids(connection, table)
    wanted = [_cells(row, key, ids) for row in rows]
    found = select(*columns).where(columns[0].in_([cells[0] for cells in wanted]))
    stored = {tuple(row) for row in connection.execute(found)}
    return tuple(row for row, cells in zip(rows, wanted, strict=True) if cells not in stored)


def apply(connection: Connection) -> dict[str, tuple[int, int]]:
    """Insert the seed rows that are missing, in the caller's transaction.

    Rows that exist are left as they are, whatever is in their other columns.

    Args:
        connection: In a transaction, which is neither begun nor ended here.

    Returns:
        For each table, how many rows were created and how many existed.
    """
    counts = {}
    for table, key, rows in seed_rows():
        new = missing(connection, table, key, rows)
        if new:
            ids = _linked_ids(connection, table)
            names = [_column(table, cell) for cell in new[0]]
            values = [dict(zip(names, _cells(row, row, ids), strict=True)) for row in new]
            connection.execute(insert(IDENTITY.tables[table]), values)
        counts[table] = (len(new), len(rows) - len(new))
    return counts


def _frozen(rows: Iterable[dict[str, object]]) -> tuple[Row, ...]:
    return tuple(MappingProxyType(row) for row in rows)


def _column(table: str, cell: str) -> str:
    links = _LINKS.get(table, {})
    return links[cell][0] if cell in links else cell


def _linked_ids(connection: Connection, table: str) -> dict[str, dict[object, object]]:
    return {
        cell: {row[0]: row[1] for row in connection.execute(select(natural, surrogate))}
        for cell, (_, natural, surrogate) in _LINKS.get(table, {}).items()
    }


def _cells(row: Row, cells: Iterable[str], ids: Mapping[str, Mapping[object, object]]) -> tuple[object, ...]:
    """The values of these cells; None for a link to something that is missing."""
    return tuple(ids[cell].get(row[cell]) if cell in ids else row[cell] for cell in cells)
