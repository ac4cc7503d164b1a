"""What a team hands over. It takes precedence over what the settings name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from initdb.settings import Settings
from initdb.steps.context import ConfigProvider, Rule
from initdb.steps.seeds.model import SeedSource
from initdb.steps.seeds.sources import Seeds


@dataclass(frozen=True, slots=True)
class Given:
    """The parts that a caller hands over. Each takes precedence over the setting of the same name.

    Attributes:
        metadata: A MetaData, something that has one, a function that returns one, the name of one, or several
            of these.
        migrations: A folder, an ini file, a package, or a callable that makes a Config.
        provider: Makes the Config of a folder; None if initdb makes it.
        seeds: Folders, files, functions.
        base: The MetaData or the callable that creates the tables which the revisions begin with.
        rules: The application's own checks.
        name: What people call the application.
        owns: Says whether a seed is for this database, if there are several.
    """

    metadata: object = None
    migrations: object = None
    provider: ConfigProvider | None = None
    seeds: Seeds = None
    base: object = None
    rules: tuple[Rule, ...] = ()
    name: str | None = None
    owns: Callable[[SeedSource], bool] | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether there is neither a model nor a revision nor a seed."""
        return self.metadata is None and self.migrations is None and self.seeds is None and self.base is None

    def before(self, settings: Settings) -> Given:
        """These parts, completed by what the settings name.

        The models, the base and the seeds of the settings are those of the first database.

        Args:
            settings: The settings.
        """
        first = settings.database is None
        seeds = settings.seeds or None
        return replace(
            self,
            metadata=(settings.metadata or None) if self.metadata is None and first else self.metadata,
            migrations=self.migrations or settings.migrations,
            seeds=seeds if self.seeds is None and first else self.seeds,
            base=settings.base if self.base is None and first else self.base,
            name=self.name or settings.application,
        )
