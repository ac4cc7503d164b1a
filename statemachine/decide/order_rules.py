"""What the settings say about orders: which are refused, to whom, and whether they need a reason. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from initdb.errors import InitError

if TYPE_CHECKING:
    from initdb.settings import Settings
    from initdb.settings.values import OrderName

TYPED: Mapping[OrderName, str] = {
    "rollback": "initdb rollback",
    "release": "initdb release",
    "resume": "initdb resume",
    "retry": "initdb resume --retry REV",
    "mark-applied": "initdb resume --mark-applied REV",
    "accept-edited": "initdb resume --accept-edited",
    "take-over": "initdb resume --take-over",
    "repair": "initdb repair",
    "seed": "initdb run",
    "set-aside": "initdb journal set-aside SEQ",
    "archive": "initdb journal archive FILE --before SEQ",
    "set-password": "initdb admin set-password",
}
"""How an order is typed."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about orders.

    The places of settings add up here: what a file refuses, no variable and no option allows.

    Attributes:
        refused: Order → where it is refused.
        roles: For each place that names roles, these roles. An order must satisfy each place.
        need_reason: Whether an order must say why.
    """

    refused: dict[str, str]
    roles: tuple[tuple[str, ...], ...]
    need_reason: bool

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules of the settings."""
        refused = dict.fromkeys(settings.orders_refused, "orders_refused")
        roles, need = [settings.orders_by] if settings.orders_by else [], settings.orders_need_reason
        for origin in settings.origins:
            if origin.name == "orders_refused":
                refused |= dict.fromkeys(_names(origin.value), f"{origin.written}{origin.place}")
            elif origin.name == "orders_by" and _names(origin.value):
                roles.append(_names(origin.value))
            elif origin.name == "orders_need_reason":
                need = need or bool(origin.value)
        return cls(refused, tuple(dict.fromkeys(roles)), need)


def permit_early(asks: Sequence[OrderName], why: str | None, settings: Settings) -> None:
    """Refuse an order that the settings alone refuse, before a database is asked.

    Args:
        asks: What is ordered. Nothing is always permitted.
        why: Why, in the person's words; None if they did not say.
        settings: The settings.

    Raises:
        InitError: "order-refused", "order-without-reason".
    """
    if not asks:
        return
    rules = Rules.of(settings)
    for name in asks:
        if name in rules.refused:
            where = rules.refused[name]
            fix = f"If it is right after all, take {name} out of {where}, then: {TYPED[name]}"
            raise InitError("order-refused", f"{where} refuses: {name}", fix=fix)
    if rules.need_reason and not (why or "").strip():
        fix = f"Say why, which the journal keeps: {TYPED[asks[-1]]} --reason 'why it is right'"
        raise InitError("order-without-reason", f"ordered: {', '.join(asks)}", fix=fix)


def _names(value: object) -> tuple[str, ...]:
    return (
        tuple(str(one) for one in value) if isinstance(value, Iterable) and not isinstance(value, str) else ()
    )
