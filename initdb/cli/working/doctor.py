"""`initdb doctor`: opens what can be opened, and collects the findings about all of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import initdb
from initdb.cli.calling.call import Call
from initdb.cli.opening.opened import choose_working_engine, opened_each
from initdb.cli.opening.target import Target, find_target
from initdb.doctor.checkpoints import examine_checkpoints
from initdb.doctor.finding import Finding, from_error, ok, problem, warning
from initdb.doctor.haste import in_haste
from initdb.doctor.process import gather_process, judge_process
from initdb.doctor.settings import gather_settings, judge_settings
from initdb.errors import InitError
from initdb.errors.catalogue.index import SUBJECTS

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from initdb.settings import Settings
    from initdb.statemachine.initializer import Initializer

_AREAS = {
    "Settings and commands": "settings",
    "Connecting": "database",
    "Credentials and permissions": "database",
    "Files, disks and servers": "database",
    "The journal": "journal",
}
"""Subject of an error → the area of the finding; any other is about the application's files."""

_OF_DRIVERS = frozenset({"no-such-driver", "unsupported-database"})


def area_of(error: InitError) -> str:
    """The area of a finding that is an error."""
    if error.reference in _OF_DRIVERS:
        return "drivers"
    for subject, area in _AREAS.items():
        if error.row in SUBJECTS[subject]:
            return area
    return "paths"


def examine(call: Call) -> tuple[Finding, ...]:
    """Examine all that a run of this call would work with. What is wrong is a finding, and no error.

    Args:
        call: The call of the command.
    """
    found = tuple(judge_process(gather_process()))
    if any(one.level == "problem" for one in found):
        rest = "The rest was not examined, since it needs these packages."
        return (*found, problem("versions", rest, "When they are installed: initdb doctor"))
    try:
        target = find_target(call)
    except InitError as error:
        return (*found, from_error(area_of(error), error))
    return (*found, *_examine(call, target))


def _examine(call: Call, target: Target) -> Iterator[Finding]:
    with ExitStack() as stack:
        stack.enter_context(in_haste())
        try:
            initializers = stack.enter_context(opened_each(call, target))
            for graph in (one.site.application.graph for one in initializers):
                if graph is not None:
                    graph.read()
        except InitError as error:
            yield from_error(area_of(error), error)
            yield from _without_parts(call, target, error)
            return
        first = initializers[0].settings
        yield from _settings(call, first)
        yield from (
            ok("settings", f"Assumed, since nothing is configured: {line}.") for line in target.assumed
        )
        for initializer in initializers:
            yield from _parts(initializer, first=initializer is initializers[0])
            yield from _database(initializer.engine, initializer.settings)


def _settings(call: Call, settings: Settings) -> Iterator[Finding]:
    by_application = call.flask is not None or settings.app is not None
    given = gather_settings(settings, call.settings, os.environ, by_application=by_application)
    yield from judge_settings(given)
    yield from examine_checkpoints(settings)


def _without_parts(call: Call, target: Target, error: InitError) -> Iterator[Finding]:
    """Some part of the application cannot be read. Its database may be fine all the same."""
    try:
        engine, settings = choose_working_engine(call, target)
    except InitError as second:
        yield from _settings(call, target.settings)
        if second.reference != error.reference:
            yield from_error(area_of(second), second)
        return
    yield from _settings(call, settings)
    yield from _database(engine, settings)


def _parts(initializer: Initializer, *, first: bool) -> Iterator[Finding]:
    from initdb.doctor.parts import gather_parts, gather_spool, judge_parts, judge_spool
    from initdb.steps.engines.shared_folder import folder_cautions
    from initdb.steps.survey.others_files import others_files

    spool = initializer.site.spool
    if first:
        yield from judge_parts(gather_parts(initializer.site.application))
        yield from (
            warning("privileges", said, "Let only yourself or root own and write it: chown, chmod go-w")
            for said in others_files(initializer.site.application, initializer.settings)
        )
    for said in folder_cautions(initializer.engine, initializer.settings):
        yield warning(
            "privileges", said, "Give the folder to root (chown root), or: allow_shared_folder = true"
        )
    yield from judge_spool(gather_spool(spool.path, len(spool.waiting())))


def _database(engine: Engine, settings: Settings) -> Iterator[Finding]:
    from initdb.doctor.database import examine_database

    for one in examine_database(engine, settings, initdb.__version__):
        yield replace(one, text=f"{settings.database}: {one.text}") if settings.database else one
