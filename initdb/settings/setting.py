"""One setting: its name in files, environment and options, its kind of value, its default."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from initdb.settings.values import Kind, Value

PREFIX = "INITDB_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: Its name, from which those in the environment and on the command line are made.
        kind: The kind of its value.
        default: Its value if nobody sets it.
        help: What it does, in one sentence.
        example: A value for the documentation, as a file would give it.
        unit: The unit of a number.
        alters_work: Whether it changes what a run does to the database; then it is part of the code's
            fingerprint.
        newer: Whether 0.1.0 lacks it. Then its default is left out of the fingerprint, so that databases need
            not be validated once more.
        secret: Whether its value may hold a password; then it is never shown.
        other_variables: Variables that are read if the one with the prefix is not set.

    Example:
        >>> from initdb.settings.kinds import duration
        >>> patience = Setting("wait_limit", duration(0), 300.0, "How long to wait.", example="2m")
        >>> patience.variable, patience.option
        ('INITDB_WAIT_LIMIT', '--wait-limit')
    """

    name: str
    kind: Kind
    default: Value
    help: str
    _: KW_ONLY
    example: str | int | tuple[str, ...]
    unit: str | None = None
    alters_work: bool = False
    newer: bool = False
    secret: bool = False
    other_variables: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed words, if it is one of a few words."""
        return self.kind.choices

    @property
    def many(self) -> bool:
        """Whether it is a list, and its option may be given several times."""
        return self.kind.many

    @property
    def variable(self) -> str:
        """Its environment variable, such as `INITDB_LOCK_TIMEOUT`."""
        return PREFIX + self.name.upper()

    @property
    def option(self) -> str:
        """Its option on the command line, such as `--lock-timeout`."""
        return "--" + self.name.replace("_", "-")
