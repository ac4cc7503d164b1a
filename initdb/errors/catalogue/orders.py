"""Catalogue: orders of people that are refused, or that nobody may give without a reason."""

from __future__ import annotations

from initdb.errors.rows import Advice, ErrorRow

_NOTHING = "Nothing was changed."

ORDERS: tuple[ErrorRow, ...] = (
    ErrorRow(
        "order-refused",
        "The settings refuse this order.",
        _NOTHING,
        "Ask who answers for the database. See what is set: initdb doctor",
        causes=(
            "orders_refused names the order.",
            "orders_by names roles, and the role of the session is a member of none of them.",
        ),
        advice=(
            Advice(
                "alternative-configuration",
                "What one place of the settings refuses, no variable and no option allows (docs/orders.md).",
            ),
            Advice(
                "user-permissions",
                "Or name a URL of a member, by --work-url.\n"
                "See of which roles the session's role is a member:\n"
                "    SELECT rolname FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')",
                "postgresql",
            ),
        ),
    ),
    ErrorRow(
        "order-without-reason",
        "An order must say why it is given: the setting orders_need_reason wants it.",
        _NOTHING,
        "Type it again with its reason, which the journal keeps: --reason 'why it is right'",
        causes=("The option --reason was left out, or is empty.",),
        advice=(
            Advice(
                "history-integrity",
                "The reason is in the journal for good, and everybody who reads the journal can see it.",
            ),
        ),
        exit_code=2,
    ),
)
