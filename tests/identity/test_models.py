"""The tables of the identity schema keep the promises that their docstring makes."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, delete, func, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from initdb.steps.identity.models import (
    IDENTITY,
    TABLES,
    holds,
    memberships,
    roles,
    tenants,
    user_roles,
    users,
)


def _user(connection: Connection, name: str) -> int:
    user: int = connection.execute(insert(users).values(username=name).returning(users.c.id)).scalar_one()
    return user


def _tenant(connection: Connection, slug: str) -> int:
    account = insert(tenants).values(slug=slug, name=slug).returning(tenants.c.id)
    tenant: int = connection.execute(account).scalar_one()
    return tenant


def _role(connection: Connection, name: str) -> int:
    account = insert(roles).values(name=name, description=name).returning(roles.c.id)
    role: int = connection.execute(account).scalar_one()
    return role


def test_every_constraint_and_index_has_a_name() -> None:
    """So a later migration can name what it changes, on both databases."""
    for table in IDENTITY.tables.values():
        names = [constraint.name for constraint in table.constraints]
        for name in (*names, *(index.name for index in table.indexes)):
            assert isinstance(name, str)
            assert len(name) <= 63


def test_both_databases_hold_the_same_tables(identity: Engine) -> None:
    """What is created is what `TABLES` says, with an index for every foreign key."""
    inspector = inspect(identity)
    assert set(TABLES) == set(inspector.get_table_names())
    for table in TABLES:
        leading: list[list[str | None]] = [[*inspector.get_pk_constraint(table)["constrained_columns"]]]
        leading += [index["column_names"] for index in inspector.get_indexes(table)]
        for key in inspector.get_foreign_keys(table):
            columns = key["constrained_columns"]
            assert any(index[: len(columns)] == columns for index in leading), (table, columns)


def test_holds_wants_the_whole_schema() -> None:
    """A database that lacks one table does not hold the identity schema; other tables do not matter."""
    assert holds([*TABLES, "orders"])
    assert not holds(TABLES[1:])
    assert not holds([])


@pytest.mark.parametrize(
    "values",
    [
        {"username": "Ada"},
        {"username": ""},
        {"username": "ada", "email": "Ada@example.com"},
        {"username": "ada", "email": ""},
        {"username": None},
    ],
)
def test_a_user_name_is_given_and_in_lower_case(identity: Engine, values: dict[str, str]) -> None:
    """Two accounts cannot differ by case alone, since only one case is stored."""
    with identity.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(insert(users).values(**values))


def test_user_names_and_addresses_are_unique_and_an_address_may_be_missing(identity: Engine) -> None:
    """Any number of accounts has no address, no two have the same one."""
    with identity.begin() as connection:
        connection.execute(insert(users), [{"username": "ada"}, {"username": "grace"}])
    for taken in ({"username": "ada"}, {"username": "x", "email": "a@example.com"}):
        with identity.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(insert(users).values(username="eve", email="a@example.com"))
            connection.execute(insert(users).values(**taken))


def test_a_new_user_may_log_in_nowhere_without_a_password(identity: Engine) -> None:
    """The defaults of the database: active, not locked, no password."""
    with identity.begin() as connection:
        _user(connection, "ada")
        row = connection.execute(select(users)).one()
    assert (row.is_active, row.locked, row.must_change_password) == (True, False, False)
    assert row.password_hash is None
    assert row.created_at.utcoffset().total_seconds() == 0


def test_a_role_is_held_within_a_membership_only(identity: Engine) -> None:
    """A role in a tenant whose member the user is not is refused."""
    with identity.begin() as connection:
        user, role = _user(connection, "ada"), _role(connection, "admin")
        own, other = _tenant(connection, "own"), _tenant(connection, "other")
        connection.execute(insert(memberships).values(tenant_id=own, user_id=user))
        connection.execute(insert(user_roles).values(tenant_id=own, user_id=user, role_id=role))
    with identity.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(insert(user_roles).values(tenant_id=other, user_id=user, role_id=role))


def test_leaving_a_tenant_ends_the_roles_there(identity: Engine) -> None:
    """Deleting a tenant deletes its memberships and their roles, and no user."""
    with identity.begin() as connection:
        user, role, tenant = (
            _user(connection, "ada"),
            _role(connection, "admin"),
            _tenant(connection, "own"),
        )
        connection.execute(insert(memberships).values(tenant_id=tenant, user_id=user))
        connection.execute(insert(user_roles).values(tenant_id=tenant, user_id=user, role_id=role))
    with identity.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(delete(roles))
    with identity.begin() as connection:
        connection.execute(delete(tenants))
        left = [
            connection.scalar(select(func.count()).select_from(t)) for t in (memberships, user_roles, users)
        ]
    assert left == [0, 0, 1]


def test_a_key_is_never_used_twice(identity: Engine) -> None:
    """A reference to a deleted user does not point to the next one."""
    with identity.begin() as connection:
        first = _user(connection, "ada")
        connection.execute(delete(users))
        assert _user(connection, "eve") > first


def test_an_update_moves_the_time_of_the_last_change(identity: Engine) -> None:
    """`updated_at` follows, `created_at` stays."""
    with identity.begin() as connection:
        _user(connection, "ada")
        before = connection.execute(select(users.c.created_at)).scalar_one()
        long_ago = before.replace(year=2001)
        connection.execute(update(users).values(created_at=long_ago, updated_at=long_ago))
        connection.execute(update(users).values(display_name="Ada"))
        row = connection.execute(select(users.c.created_at, users.c.updated_at)).one()
    assert row.created_at == long_ago
    assert row.updated_at >= before.replace(microsecond=0)
