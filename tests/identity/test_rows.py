"""The first rows are complete, give least privilege, and are inserted once."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete, func, insert, select, update

from initdb.steps.identity.models import (
    IDENTITY,
    TABLES,
    permissions,
    role_permissions,
    roles,
    tenants,
)
from initdb.steps.identity.rows import apply, missing, seed_rows


def _powers(engine: Engine) -> dict[str, set[str]]:
    powers: dict[str, set[str]] = {}
    joined = select(roles.c.name, permissions.c.code).join_from(roles, role_permissions).join(permissions)
    with engine.connect() as connection:
        for role, permission in connection.execute(joined):
            powers.setdefault(role, set()).add(permission)
    return powers


def test_the_rows_are_the_same_at_every_call() -> None:
    """So a journal can keep their hash, and no code can change them by mistake."""
    assert seed_rows() == seed_rows()
    with pytest.raises(TypeError):
        seed_rows()[0][2][0]["slug"] = "other"  # type: ignore[index]


def test_every_row_has_its_natural_key_once() -> None:
    """A natural key names one row, and every value is given."""
    for table, key, rows in seed_rows():
        assert table in TABLES
        keys = [tuple(row[column] for column in key) for row in rows]
        assert len(set(keys)) == len(keys) > 0


def test_an_empty_schema_gets_all_rows(identity: Engine) -> None:
    """The counts say what was created, and it is there."""
    with identity.begin() as connection:
        counts = apply(connection)
    assert counts == {table: (len(rows), 0) for table, _, rows in seed_rows()}
    with identity.connect() as connection:
        for table, (created, _) in counts.items():
            stored = select(func.count()).select_from(IDENTITY.tables[table])
            assert connection.scalar(stored) == created
        assert connection.scalars(select(tenants.c.slug).where(tenants.c.is_system)).all() == ["system"]


def test_a_second_time_everything_is_skipped(identity: Engine) -> None:
    """Applying twice equals applying once."""
    for _ in range(2):
        with identity.begin() as connection:
            counts = apply(connection)
    assert counts == {table: (0, len(rows)) for table, _, rows in seed_rows()}


def test_only_what_is_missing_is_added(identity: Engine) -> None:
    """A row that was changed stays as it is, one that was deleted comes back with its links."""
    with identity.begin() as connection:
        apply(connection)
        connection.execute(update(tenants).values(name="The house"))
        connection.execute(delete(roles).where(roles.c.name == "member"))
        links = next(entry for entry in seed_rows() if entry[0] == "role_permissions")
        assert {row["role"] for row in missing(connection, *links)} == {"member"}
        counts = apply(connection)
        assert connection.scalar(select(tenants.c.name)) == "The house"
    assert counts["roles"] == (1, 3)
    assert counts["role_permissions"][0] == len(_powers(identity)["member"])
    assert counts["tenants"] == (0, 1)


def test_links_find_rows_whatever_their_ids_are(identity: Engine) -> None:
    """Ids differ from database to database; a link is made by role name and permission code."""
    with identity.begin() as connection:
        connection.execute(insert(roles).values(id=40, name="admin", description="made by hand"))
        connection.execute(insert(permissions).values(id=90, code="users:read", description="by hand"))
        apply(connection)
    assert "users:read" in _powers(identity)["admin"]


def test_nothing_is_missing_only_when_all_is_there(identity: Engine) -> None:
    """`missing` gives the rows of each entry that the database lacks."""
    with identity.begin() as connection:
        assert [missing(connection, *entry) for entry in seed_rows()] == [rows for _, _, rows in seed_rows()]
        apply(connection)
        assert not any(missing(connection, *entry) for entry in seed_rows())


def test_the_transaction_is_the_callers(identity: Engine) -> None:
    """Rows are gone when the caller rolls back, even to a savepoint of its own."""
    with identity.connect() as connection:
        with connection.begin():
            savepoint = connection.begin_nested()
            apply(connection)
            savepoint.rollback()
            assert connection.scalar(select(func.count()).select_from(roles)) == 0
            apply(connection)
            connection.rollback()
        assert connection.scalar(select(func.count()).select_from(roles)) == 0


def test_roles_are_least_privilege(identity: Engine) -> None:
    """Each role has the permissions of the one before. Only an admin assigns roles."""
    with identity.begin() as connection:
        apply(connection)
    powers = _powers(identity)
    assert powers["viewer"] < powers["member"] < powers["manager"] < powers["admin"]
    assert powers["viewer"] == {"tenants:read"}
    assert {role for role, codes in powers.items() if codes & {"roles:assign", "roles:manage"}} == {"admin"}
    assert powers["admin"] == {row["code"] for row in seed_rows()[1][2]}
