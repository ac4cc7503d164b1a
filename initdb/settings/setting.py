"""What is known of one setting: its name in files, environment and options, its kind, its default."""

from __future__ import annotations

from dataclasses import dataclass

from initdb.settings.values import Kind, Value

PREFIX = "INITDB_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name everywhere, kind of value, default, and what it does in one sentence."""

    name: str
    kind: Kind
    default: Value
    help: str
    unit: str | None = None
    alters_work: bool = False
    """Whether it changes what a run makes of the database: then it is part of the code's fingerprint."""
    secret: bool = False
    """Whether its value may hold a password: then it is never shown."""
    other_variables: tuple[str, ...] = ()
    """Variables read where the one with the prefix is not set."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The words allowed, where only some are."""
        return self.kind.choices

    @property
    def many(self) -> bool:
        """Whether it is a list: an option that may be given several times."""
        return self.kind.many

    @property
    def variable(self) -> str:
        """Its environment variable, such as ``INITDB_LOCK_TIMEOUT``."""
        return PREFIX + self.name.upper()

    @property
    def option(self) -> str:
        """Its command line option, such as ``--lock-timeout``."""
        return "--" + self.name.replace("_", "-")
