"""The shape of every failure that a command shows."""

from __future__ import annotations

from click.testing import Result

SECRET = "hunter2-is-not-shown"


def well_told(done: Result, reference: str, code: int) -> None:
    """The shape that every failure has."""
    assert done.exit_code == code, done.output
    assert f"error: {reference}\n" in done.stderr
    assert f"more: initdb explain {reference}" in done.stderr
    assert "fix:" in done.stderr
    harmless(done)


def harmless(done: Result) -> None:
    """No traceback, no secret, nothing that moves the cursor."""
    assert done.exit_code in (0, 1, 2, 3), done.output
    assert "Traceback" not in done.output
    assert "internal-error" not in done.output
    assert SECRET not in done.output
    assert done.output.replace("\n", "").isprintable()
