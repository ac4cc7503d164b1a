"""`initdb journal checkpoint`: takes a checkpoint, delivers it, and prints it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from initdb.cli.calling.call import Call
from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.checkpoint import UNSIGNED
from initdb.settings import Settings
from initdb.statemachine.loop.checkpoints import deliver, take


def checkpointed(call: Call, engine: Engine, settings: Settings) -> int:
    """Take a checkpoint, deliver it, and print it.

    Args:
        call: The call of the command.
        engine: The engine of the database.
        settings: The settings of its application.

    Returns:
        The exit code.

    Raises:
        InitError: `checkpoint-not-written`, after the line was printed; and those of
            `initdb.statemachine.loop.checkpoints.take`.
    """
    point, screen = take(engine, settings, datetime.now(UTC)), call.screen
    if not screen.as_json:
        screen.print(point.line)
    missing = tuple(deliver(point, settings))
    if missing:
        raise InitError("checkpoint-not-written", *missing, point.line)
    if point.seal == UNSIGNED:
        screen.warn("warning: the checkpoint is not signed: checkpoint_key names no key")
    screen.emit(
        {
            "command": call.name,
            "exit_code": 0,
            "outcome": "checkpoint",
            "database": {"kind": engine.dialect.name, "url": url_text(engine.url)},
            "line": point.line,
            "journal": point.journal,
            "entry": point.seq,
            "hash": point.hash,
            "at": point.at,
            "signed": point.seal != UNSIGNED,
        }
    )
    return 0
