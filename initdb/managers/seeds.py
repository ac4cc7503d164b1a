"""DataSeeder: inserts the first rows, and says whether they are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Select, select

from initdb.errors import InitError, render
from initdb.events.payloads.work import SeedBatchApplied
from initdb.managers.manager import Manager
from initdb.managers.open_look import about_data, health, open_look
from initdb.managers.outcome import events, failed_step, raise_for
from initdb.statemachine import orders
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.render.results import SeedingResult
from initdb.statemachine.reporting import reason_of
from initdb.steps.identity.admin import ADMIN
from initdb.steps.identity.models import roles, tenants, users
from initdb.steps.identity.rows import ADMIN_ROLE, SYSTEM_TENANT


class DataSeeder(Manager):
    """The first rows of one application's database.

    Example:
        seeder = DataSeeder(app, db)
        result = seeder.seed_initial_data()
        result.records_created  # {"product": 12}
    """

    def seed_initial_data(self) -> SeedingResult:
        """Make the database ready, and report what became of the seeds. A failure is in the result, and is
        not raised.

        If every seed is applied already, each is applied once more: rows that exist are skipped, and rows
        that were deleted come back. A function that works with the connection and has no key does not run
        again.
        """
        try:
            with self.bound() as initializer:
                sources = initializer.site.application.seeds
                outcome = initializer.attend(orders.reseed(sources, "a program called seed_initial_data()"))
        except InitError as error:
            return SeedingResult(False, errors=[str(error)])
        created, skipped = _counted(events(outcome, SeedBatchApplied))
        if outcome.ending in ("ready", "done") or failed_step(outcome) in ("validate", "repair"):
            return SeedingResult(True, created, skipped)
        return SeedingResult(False, created, skipped, [render(reason_of(outcome))])

    def create_admin_user(self) -> bool:
        """Create the administrator of the built-in identity schema, if there is none.

        The password comes from the environment, a file or the terminal, as at every boot. Without one the
        account is locked.

        Returns:
            Whether there is an administrator now.

        Raises:
            InitError: identity-not-used if the application has models of its own; or the error with which the
                run failed.
        """
        return self._made(select(users.c.id).where(users.c.username == ADMIN))

    def create_system_tenants(self) -> bool:
        """Create the system tenant and the default roles, if they are missing.

        Returns:
            Whether they are there now.

        Raises:
            InitError: identity-not-used if the application has models of its own; or the error with which the
                run failed.
        """
        tenant = select(tenants.c.id).where(tenants.c.slug == SYSTEM_TENANT)
        return self._made(tenant, select(roles.c.id).where(roles.c.name == ADMIN_ROLE))

    def validate_seed_data(self) -> bool:
        """Whether every seed is applied as it is today, and its tables exist.

        Raises:
            InitError: The database cannot be reached.
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
                order = orders.reseed(application.seeds, "a program asked for the first rows")
                outcome = initializer.attend(order)
                raise_for(outcome)
            return _there(initializer, queries)


def _there(initializer: Initializer, queries: Iterable[Select[tuple[int]]]) -> bool:
    with open_look(initializer) as opened:
        if opened.facts.missing:
            return False
        return all(opened.connection.scalar(query) is not None for query in queries)


def _counted(batches: Iterable[SeedBatchApplied]) -> tuple[dict[str, int], dict[str, int]]:
    """The rows created and skipped by table, or by source if only its code knows the table."""
    created, skipped = Counter[str](), Counter[str]()
    for batch in batches:
        all_rows = {batch.table or batch.source: (batch.created, batch.skipped)}
        for table, (new, old) in (batch.tables or all_rows).items():
            created[table] += new
            skipped[table] += old
    return dict(created), dict(skipped)
