"""Orders that the settings refuse, or that must have a reason."""

from __future__ import annotations

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import ON_POSTGRESQL, as_app, set_to
from tests.support.toy import Toy


@fixes("order-without-reason")
def test_no_reason(person: Person, ready: Toy) -> None:
    """The printed command has one."""
    set_to(person, "orders_need_reason", "true")
    person.fails("initdb release", "order-without-reason")
    person.runs("initdb rollback --yes --reason 'r3 is wrong'")
    person.fails("initdb release", "order-without-reason")
    person.follows("initdb release --reason")


@fixes("order-refused")
def test_a_refused_order(person: Person, ready: Toy) -> None:
    """It is taken out of the setting, and typed again."""
    person.runs("initdb rollback --yes")
    set_to(person, "orders_refused", '["release"]')
    person.fails("initdb release", "order-refused")
    set_to(person, "orders_refused", None)
    person.follows("initdb release")


@ON_POSTGRESQL
@fixes("order-refused")
def test_an_order_of_another_role(person: Person, toy: Toy, app: str, server: object) -> None:
    """An administrator makes the role a member, as printed."""
    as_app(person, toy)
    person.runs("initdb run")
    set_to(person, "orders_by", '["pg_monitor"]')
    person.fails("initdb repair", "order-refused")
    person.follows("GRANT", "initdb repair")
