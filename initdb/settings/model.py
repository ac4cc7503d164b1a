"""The settings of one process as a frozen value, and what is decided from them alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from initdb.errors import InitError
from initdb.settings.table import SETTINGS
from initdb.settings.values import Mode, OnFailure, Repair, SchemaSource, WhenNotOurs


@dataclass(frozen=True, slots=True)
class Settings:
    """What initdb was told. Each field but ``sources`` is a row of ``SETTINGS``; its repr has no secret."""

    database_url: str | None = field(default=None, repr=False)
    databases: tuple[str, ...] = field(default=(), repr=False)
    """Each "name=URL"."""
    database: str | None = None
    work_url: str | None = field(default=None, repr=False)
    app: str | None = None
    metadata: str | None = None
    migrations: str | None = None
    """An absolute path, or the name of a package or callable (``shop.migrations``, ``shop:migrations``)."""
    seeds: tuple[str, ...] = ()
    """Each as ``migrations``."""
    schema_from: SchemaSource | None = None
    base: str | None = None
    repair: Repair = "safe"
    ignore: tuple[str, ...] = ()
    lock_timeout: float = 5.0
    """Seconds."""
    wait_limit: float = 300.0
    """Seconds."""
    attempts: int = 5
    batch_size: int = 1000
    """Rows."""
    on_failure: OnFailure = "exit"
    admin_password_file: Path | None = None
    mode: Mode = "work"
    application: str | None = None
    journal_schema: str | None = None
    when_ahead: WhenNotOurs = "serve"
    when_held: WhenNotOurs = "serve"
    sources: tuple[str, ...] = ()
    """The files that were read, absolute, the one that wins last."""

    @property
    def folder(self) -> Path | None:
        """The folder of the settings files that were read; None where there were none."""
        return Path(self.sources[-1]).parent if self.sources else None

    @property
    def url(self) -> str | None:
        """The database to work on: that which `database` names, or the first one.

        Raises InitError("bad-setting") where none of `databases` is called so.
        """
        if self.database is None:
            return self.work_url or self.database_url
        return self.companion_urls()[self.database]

    def companion_urls(self) -> dict[str, str]:
        """Name → URL of `databases`. Raises InitError("bad-setting") where `database` is none of them."""
        found = dict(item.split("=", 1) for item in self.databases)
        if self.database is not None and self.database not in found:
            names = ", ".join(found) or "none: databases is not given"
            raise InitError("bad-setting", f"database is {self.database!r}; allowed: {names}")
        return found

    def each(self) -> tuple[Settings, ...]:
        """The settings for each database, the first one first; for that alone which `database` names."""
        names = self.companion_urls()
        if self.database is not None:
            return (self,)
        return (self, *(replace(self, database=name) for name in names))

    def schema_source(
        self, *, has_migrations: bool | None = None, has_models: bool | None = None
    ) -> SchemaSource:
        """What makes the schema of an empty database.

        ``schema_from`` where it is given. Otherwise "base" where ``base`` is given, "migrations" where there
        are migrations and no models, else "models". A caller who was handed objects says what is present;
        when not said, it is what the settings name (an ``app`` has models).
        """
        if self.schema_from is not None:
            return self.schema_from
        if self.base is not None:
            return "base"
        if has_migrations is None:
            has_migrations = self.migrations is not None
        if has_models is None:
            has_models = self.metadata is not None or self.app is not None
        return "migrations" if has_migrations and not has_models else "models"

    def work_fingerprint(self) -> dict[str, str]:
        """Name → value as JSON text of the settings that alter what a run does; no secret, no place.

        The order in which names are listed does not count. ``schema_from`` is taken as given, not as decided,
        so that the command line and the application, which know of different things, agree.
        """
        found = {setting.name: getattr(self, setting.name) for setting in SETTINGS if setting.alters_work}
        return {
            name: json.dumps(sorted(set(value)) if isinstance(value, tuple) else value)
            for name, value in sorted(found.items())
        }
