"""What a command works on, by its settings, and what it assumes if there are none."""

from __future__ import annotations

from dataclasses import dataclass

from initdb.cli.calling.call import Call
from initdb.settings import Settings, load_settings

_WHAT = ("app", "metadata", "migrations", "seeds", "base")


@dataclass(frozen=True, slots=True)
class Target:
    """The settings of a call.

    Attributes:
        settings: The settings.
        assumed: What was assumed because nothing was configured, as lines for people.
    """

    settings: Settings
    assumed: tuple[str, ...] = ()


def find_target(call: Call, *, journal_only: bool = False) -> Target:
    """Load the settings of a call.

    If nothing at all is configured, and the folder holds nothing of an application, they name a SQLite file
    in the working directory, and the built-in identity schema. If models, revisions, seeds or an application
    are configured, but no database, none is assumed.

    Args:
        call: The call of the command.
        journal_only: Whether the command needs the database alone, whatever its schema is.

    Raises:
        InitError: A setting is wrong, or a file cannot be read; schema-not-named.
    """
    settings = load_settings(options=call.settings)
    if settings.security_log is not None:
        from initdb.statemachine.security_file import log_to

        log_to(settings.security_log)
    named = call.flask is not None or any(getattr(settings, name) for name in _WHAT)
    if named or settings.schema_from == "identity" or (journal_only and settings.url):
        return Target(settings)
    from initdb.cli.opening.assumed import assume

    return Target(*assume(call, settings, journal_only=journal_only))
