"""The settings of one process as a frozen value, and what follows from them alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from initdb.errors import InitError
from initdb.settings.table import SETTINGS
from initdb.settings.values import (
    Backup,
    CheckpointWhen,
    CreateDatabase,
    Mode,
    OnFailure,
    Repair,
    SchemaSource,
    SeedRows,
    Value,
    WhenEdited,
    WhenNotOurs,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """One value of a setting, and where it was given.

    Attributes:
        name: The setting.
        written: Its name as it was written there: `mode`, `INITDB_MODE` or `--mode`.
        place: Where it was written, such as " in /srv/shop/initdb.toml"; empty if `written` says it.
        value: The value. That of a URL may have a password in it.
    """

    name: str
    written: str
    place: str
    value: Value = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. Each field but `sources` and `origins` is a row of `SETTINGS`.

    docs/settings.md explains each. `load_settings` reads them from files, environment and options. The
    repr has no secret.

    Example:
        >>> Settings(lock_timeout=2.0).wait_limit
        300.0
    """

    database_url: str | None = field(default=None, repr=False)
    databases: tuple[str, ...] = field(default=(), repr=False)
    """Each is "name=URL"."""
    database: str | None = None
    work_url: str | None = field(default=None, repr=False)
    allow_shared_folder: bool = False
    create_database: CreateDatabase = "ask"
    app: str | None = None
    metadata: tuple[str, ...] = ()
    migrations: str | None = None
    """An absolute path, or the name of a package or a callable (`shop.migrations`, `shop:migrations`)."""
    seeds: tuple[str, ...] = ()
    """Each as `migrations`."""
    schema_from: SchemaSource | None = None
    base: str | None = None
    repair: Repair = "safe"
    ignore: tuple[str, ...] = ()
    backup: Backup = "off"
    backup_folder: Path | None = None
    backup_command: str | None = None
    checkpoint_when: CheckpointWhen = "asked"
    checkpoint_key: Path | None = None
    checkpoint_file: Path | None = None
    checkpoint_command: str | None = None
    lock_timeout: float = 5.0
    """Seconds."""
    wait_limit: float = 300.0
    """Seconds."""
    attempts: int = 5
    login_pause: float = 10.0
    """Seconds."""
    login_pause_limit: float = 900.0
    """Seconds."""
    batch_size: int = 10_000
    """Rows."""
    seed_rows: SeedRows = "added"
    on_failure: OnFailure = "exit"
    admin_password_file: Path | None = None
    admin_password_must_change: bool = False
    mode: Mode = "work"
    application: str | None = None
    journal_schema: str | None = None
    journal_owner: tuple[str, ...] = ()
    """PostgreSQL's roles."""
    require_manifest: Path | None = None
    manifest_public_key: Path | None = None
    orders_refused: tuple[str, ...] = ()
    orders_by: tuple[str, ...] = ()
    """PostgreSQL's roles."""
    orders_need_reason: bool = False
    security_log: Path | None = None
    when_ahead: WhenNotOurs = "serve"
    when_held: WhenNotOurs = "serve"
    when_edited: WhenEdited = "warn"
    sources: tuple[str, ...] = ()
    """The absolute paths of the files that were read; the last one wins."""
    origins: tuple[Origin, ...] = field(default=(), repr=False)
    """Every value that a file, an application, the environment or an option gave. Later ones win."""

    @property
    def given(self) -> frozenset[str]:
        """The names of the settings that were given."""
        return frozenset(origin.name for origin in self.origins)

    @property
    def folder(self) -> Path | None:
        """The folder of the settings files; None if no file was read."""
        return Path(self.sources[-1]).parent if self.sources else None

    @property
    def url(self) -> str | None:
        """The URL of the database to work on: the one that `database` names, or the first one.

        Raises:
            InitError: bad-setting; `databases` has no such name.
        """
        if self.database is None:
            return self.work_url or self.database_url
        return self.companion_urls()[self.database]

    def companion_urls(self) -> dict[str, str]:
        """Name → URL of `databases`.

        Raises:
            InitError: bad-setting; `database` is not one of them.
        """
        found = dict(item.split("=", 1) for item in self.databases)
        if self.database is not None and self.database not in found:
            names = ", ".join(found) or "none: databases is not given"
            raise InitError("bad-setting", f"database is {self.database!r}; allowed: {names}")
        return found

    def each(self) -> tuple[Settings, ...]:
        """The settings for each database, the first one first; only one, if `database` names it.

        Raises:
            InitError: bad-setting; `database` is not one of `databases`.
        """
        names = self.companion_urls()
        if self.database is not None:
            return (self,)
        return (self, *(replace(self, database=name) for name in names))

    def schema_source(
        self, *, has_migrations: bool | None = None, has_base: bool | None = None
    ) -> SchemaSource:
        """What creates the schema of an empty database.

        It is `schema_from` if that is set, else "base" if there is one, else "migrations" if there are any,
        else "models".

        Args:
            has_migrations: Whether there are migrations (default: whether the settings name any).
            has_base: Whether there is a base (default: whether the settings name one).
        """
        if self.schema_from is not None:
            return self.schema_from
        if self.base is not None if has_base is None else has_base:
            return "base"
        if has_migrations is None:
            has_migrations = self.migrations is not None
        return "migrations" if has_migrations else "models"

    def work_fingerprint(self) -> dict[str, str]:
        """Name → JSON text of the settings that change what a run does to the database.

        The order inside a list does not count. `schema_from` is taken as it was set: the command line and the
        application know of different parts, but must agree. The default of a setting that 0.1.0 lacks is left
        out.
        """
        of_work = ((setting, getattr(self, setting.name)) for setting in SETTINGS if setting.alters_work)
        found = {one.name: value for one, value in of_work if not (one.newer and value == one.default)}
        return {
            name: json.dumps(sorted(set(value)) if isinstance(value, tuple) else value)
            for name, value in sorted(found.items())
        }
