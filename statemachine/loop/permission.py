"""Refuses a person's order that the settings refuse, also to the role of a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from initdb.errors import InitError
from initdb.events.statements import run
from initdb.statemachine.decide.order_rules import TYPED, Rules, permit_early

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from initdb.settings import Settings
    from initdb.settings.values import OrderName

_IS_MEMBER = (
    "SELECT pg_catalog.pg_has_role(SESSION_USER, oid, 'MEMBER') FROM pg_catalog.pg_roles"
    " WHERE rolname OPERATOR(pg_catalog.=) CAST(:role AS pg_catalog.name)"
)


def permit(asks: Sequence[OrderName], why: str | None, settings: Settings, connection: Connection) -> None:
    """Refuse an order that the settings refuse, to this session or to all.

    Args:
        asks: What is ordered. Nothing is always permitted.
        why: Why, in the person's words; None if they did not say.
        settings: The settings.
        connection: A connection to the database.

    Raises:
        InitError: "order-refused", "order-without-reason".
    """
    permit_early(asks, why, settings)
    rules = Rules.of(settings)
    if not asks or not rules.roles:
        return
    name = connection.dialect.name
    if name != "postgresql":
        raise InitError(
            "order-refused",
            "orders_by names roles of PostgreSQL, and this database has none",
            fix="Use orders_refused instead of orders_by where the database is SQLite",
            database=name,
        )
    for roles in rules.roles:
        if not any(_is_member(connection, role) for role in roles):
            who = run(connection, "SELECT SESSION_USER")[0][0]
            raise InitError(
                "order-refused",
                f"orders_by reserves {', '.join(asks)} to members of {' or '.join(roles)}; the session's role"
                f" is {who}",
                fix=f'Let an administrator make it a member: GRANT "{roles[0]}" TO "{who}", then:'
                f" {TYPED[asks[-1]]}",
                database=name,
            )


def _is_member(connection: Connection, role: str) -> bool:
    return any(found for (found,) in run(connection, _IS_MEMBER, {"role": role}))
