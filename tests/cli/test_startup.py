"""Help and explanations start quickly: they import nothing that they do not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "sqlalchemy",
    "alembic",
    "flask",
    "transitions",
    "orjson",
    "psycopg2",
    "argon2",
    "rich",
    "platformdirs",
    "psutil",
)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["run", "--help"],
        ["explain", "revision-failed"],
        ["explain"],
        ["diagram"],
        ["completion", "zsh"],
        ["--version"],
    ],
)
def test_nothing_heavy_is_imported(words: list[str]) -> None:
    """No database library for a page of text."""
    script = (
        "import sys\n"
        f"sys.argv = ['initdb', *{words!r}]\n"
        "from initdb.__main__ import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert done.stdout


def test_flask_commands_are_light_too() -> None:
    """Every `flask` command loads this one; it must not cost them SQLAlchemy."""
    script = (
        "import sys, initdb.flask_command; print([n for n in ('sqlalchemy', 'alembic') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_closed_stdout_is_no_error() -> None:
    """`initdb explain >&-`, and an encoding that lacks what is printed."""
    script = f"{sys.executable} -m initdb explain revision-failed >&-"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    script = f"PYTHONIOENCODING=ascii {sys.executable} -m initdb explain"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
