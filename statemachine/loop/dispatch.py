"""Finds the step that does the work of a state, and the error that describes its failure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from importlib import import_module

from sqlalchemy import Engine

from initdb.errors import InitError
from initdb.errors.classify import classify
from initdb.errors.driver import Verify
from initdb.errors.redact import url_text
from initdb.events.knowledge import Backup
from initdb.statemachine.table import WORK, State
from initdb.steps.context import StepContext

Step = Callable[[StepContext], None]


def step_of(state: State) -> Step:
    """Import the step that does the work of a state.

    Args:
        state: The state.

    Returns:
        The step's function.

    Raises:
        KeyError: The state has no work.

    Example:
        >>> step_of(State.behind).__module__
        'initdb.steps.migrate'
    """
    if (work := WORK[state]) is None:
        raise KeyError(state)
    step: Step = import_module(f"initdb.steps.{work.step}").run
    return step


_NOTHING = "Nothing was changed"
_MADE = {"database_created": "the database", "journal_created": "the journal"}
"""Type of event → what exists since then."""


def named(error: BaseException, state: State, engine: Engine, verify: Verify | None = None) -> InitError:
    """Describe a failure by a row of the catalogue.

    Args:
        error: What the step raised.
        state: The state whose work the step did.
        engine: The engine of the database; `verify` asks it for the names in the error.
    """
    work = WORK[state]
    kind, target = engine.dialect.name, url_text(engine.url)
    doing = work.doing if work else "migrate"
    return classify(error, doing=doing, database=kind, target=target, verify=verify)


def with_made(found: InitError, types: Collection[str]) -> InitError:
    """The failure. If it says that nothing was changed, it names what the run has created by then.

    Args:
        found: The failure.
        types: The types of the events that the run has committed.

    Example:
        >>> with_made(InitError("adoption-refused"), ["journal_created", "run_started"]).rendered().kept
        'Nothing was changed but the journal, which was created: the tables and their rows are as they were.'
    """
    said = found.rendered()
    made = [name for kind, name in _MADE.items() if kind in types]
    if not made or not said.kept.startswith(_NOTHING):
        return found
    created = f"{_NOTHING} but {' and '.join(made)}, which {'were' if made[1:] else 'was'} created"
    return InitError.from_rendered(replace(said, kept=said.kept.replace(_NOTHING, created, 1)))


def with_backup(found: InitError, backup: Backup | None) -> InitError:
    """The failure, with the backup from before the changes of the run; of rows, also how to make one now.

    Args:
        found: The failure.
        backup: The backup that the journal knows.

    Example:
        >>> error = with_backup(InitError("revision-failed"), Backup("/b/1.backup", "2026-11-23T08:06:41Z"))
        >>> error.rendered().advice[-1].partition("; ")[0]
        'The backup from before the changes, made at 2026-11-23T08:06:41Z: /b/1.backup'
    """
    if backup is not None and not backup.is_past:
        said = f"The backup from before the changes, made at {backup.at}: {backup.place}"
        return found.with_advice(f"{said}; to go back to it: initdb restore")
    if found.reference != "data-migration-failed":
        return found
    topics = (one.short for one in found.row.advice if one.topic == "backup" and one.fits(found.database))
    return found.with_advice(*topics)
