"""DataSeeder: brings the first rows in, and says whether they are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Select, select

from initdb.errors import InitError, render
from initdb.events.entry import Entry
from initdb.managers.manager import Manager
from initdb.managers.open_look import about_data, health, open_look
from initdb.managers.outcome import entries, failed_step, raise_for
from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.orders import reason_of
from initdb.statemachine.render.results import SeedingResult
from initdb.steps.identity.admin import ADMIN
from initdb.steps.identity.models import roles, tenants, users
from initdb.steps.identity.rows import ADMIN_ROLE, SYSTEM_TENANT


class DataSeeder(Manager):
    """The first rows of one application's database."""

    def seed_initial_data(self) -> SeedingResult:
        """Bring the database to ready, and report the rows' part of it; raises nothing a user can meet.

        Where every seed is applied already they are gone through once more: rows that exist are skipped, rows
        that were deleted come back. A function that works on the connection and has no key is not run twice.
        """
        try:
            with self.bound() as initializer:
                outcome = initializer.attend(orders.reseed(initializer.site.application.seeds))
        except InitError as error:
            return SeedingResult(False, errors=[str(error)])
        created, skipped = _counted(entries(outcome, "seed_batch_applied"))
        if outcome.ending in ("ready", "done") or failed_step(outcome) in ("validate", "repair"):
            return SeedingResult(True, created, skipped)
        return SeedingResult(False, created, skipped, [render(reason_of(outcome))])

    def create_admin_user(self) -> bool:
        """Make the built-in identity schema's admin where there is none; whether there is one now.

        Its password comes as for every boot (environment, file, terminal; else the account is locked). Raises
        InitError, "identity-not-used" for an application that has models of its own.
        """
        return self._made(select(users.c.id).where(users.c.username == ADMIN))

    def create_system_tenants(self) -> bool:
        """Make the system tenant and the default roles where they are missing; whether they are there now.

        Raises InitError, "identity-not-used" for an application that has models of its own.
        """
        tenant = select(tenants.c.id).where(tenants.c.slug == SYSTEM_TENANT)
        return self._made(tenant, select(roles.c.id).where(roles.c.name == ADMIN_ROLE))

    def validate_seed_data(self) -> bool:
        """Whether every seed is applied as it is now, and the tables it fills are there.

        Raises InitError where the database cannot be had.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            return not any(
                issue.kind in ("seed-pending", "seed-table-missing")
                for issue in about_data(health(initializer, opened))
            )

    def _made(self, *queries: Select[tuple[int]]) -> bool:
        with self.bound() as initializer:
            application = initializer.site.application
            if not application.identity:
                raise InitError("identity-not-used", f"the application {initializer.site.name} has its own")
            if not _there(initializer, queries):
                outcome = initializer.attend(orders.reseed(application.seeds))
                raise_for(outcome)
            return _there(initializer, queries)


def _there(initializer: Initializer, queries: Iterable[Select[tuple[int]]]) -> bool:
    with open_look(initializer) as opened:
        if opened.facts.missing:
            return False
        return all(opened.connection.scalar(query) is not None for query in queries)


def _counted(batches: Iterable[Entry]) -> tuple[dict[str, int], dict[str, int]]:
    """Rows created and skipped, by table; by source where only its code knows the table."""
    created, skipped = Counter[str](), Counter[str]()
    for batch in batches:
        data = batch.data
        by_table = data.get("tables") or {}
        name = str(data.get("table") or data.get("source"))
        for table, (new, old) in by_table.items() or [(name, (data.get("created"), data.get("skipped")))]:
            created[table] += new or 0
            skipped[table] += old or 0
    return dict(created), dict(skipped)
