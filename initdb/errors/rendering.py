"""An error as it is shown and stored: the same text on the terminal and in the journal, also in a year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from initdb.errors.faces import as_typed
from initdb.errors.safe import safe_text

MOST_LINES = 50
OLD_FIX = "mend"
"""The name of `fix` in 0.1.0, in the errors that it stores and in those that it reads."""
_BOLD_RED, _BOLD, _GREEN, _CYAN, _DIM, _RESET = (
    "\x1b[1;31m",
    "\x1b[1m",
    "\x1b[32m",
    "\x1b[36m",
    "\x1b[2m",
    "\x1b[0m",
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An error with all that is shown of it, so that nothing is looked up when it is read again.

    Attributes:
        reference: As in the catalogue of the version that raised it; so are `message`, `kept`, `fix`,
            `passing` and `exit_code`.
        message: What happened.
        context: The particulars, one line each.
        kept: What was kept.
        fix: The command or action that fixes it.
        sqlstate: The SQLSTATE, or SQLite's name of the error.
        passing: Whether it can pass by itself.
        advice: The short forms of the advice for the database in use.
        database: "sqlite", "postgresql" or None.
        exit_code: Of a command that ends with it.

    Example:
        >>> from initdb.errors import InitError
        >>> stored = InitError("disk-full", database="sqlite").rendered().as_stored()
        >>> Rendered.from_data(stored).reference
        'disk-full'
    """

    reference: str
    message: str
    context: tuple[str, ...]
    kept: str
    fix: str
    sqlstate: str | None
    passing: bool
    advice: tuple[str, ...] = ()
    database: str | None = None
    exit_code: int = 1

    def as_data(self) -> dict[str, object]:
        """The error as data for JSON: strings, lists of strings, a bool and an int."""
        data: dict[str, object] = asdict(self)
        return data | {"context": list(self.context), "advice": list(self.advice)}

    def as_stored(self) -> dict[str, object]:
        """The error as an event stores it: `as_data`, and the fix a second time under its name in 0.1.0.

        During a deployment, processes of 0.1.0 show what the new version stored.
        """
        return self.as_data() | {OLD_FIX: self.fix}

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Rendered:
        """The error that any version stored; missing keys and values of a wrong type get a default.

        Args:
            data: What `as_stored` gave, after JSON; or anything else.
        """
        code = data.get("exit_code")
        return cls(
            reference=_word(data.get("reference"), "internal-error"),
            message=_line(data.get("message")),
            context=safe_lines(_strings(data.get("context"))),
            kept=_line(data.get("kept")),
            fix=_line(data.get("fix")) or _line(data.get(OLD_FIX)),
            sqlstate=_word(data.get("sqlstate"), "") or None,
            passing=data.get("passing") is True,
            advice=safe_lines(_strings(data.get("advice"))),
            database=_word(data.get("database"), "") or None,
            exit_code=code if isinstance(code, int) and 0 < code < 256 else 1,
        )


def render(rendered: Rendered, colour: bool = False) -> str:
    """The text of an error for a terminal, without a newline at its end, in the face at hand.

    Args:
        rendered: The error.
        colour: Whether to add ANSI colours.
    """

    def paint(text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if colour else text

    lines = [f"{paint('error:', _BOLD_RED)} {paint(rendered.reference, _BOLD)}", ""]
    lines += [f"  {rendered.message}"] if rendered.message else []
    lines += [f"    {line}" for line in rendered.context]
    lines.append("")
    lines += [f"{paint('help:', _CYAN)} {line}" for line in rendered.advice]
    lines += [f"{paint('kept:', _GREEN)} {rendered.kept}"] if rendered.kept else []
    lines += [f"{paint('fix:', _CYAN)} {rendered.fix}"] if rendered.fix else []
    lines.append(f"{paint('more:', _DIM)} initdb explain {rendered.reference}")
    return as_typed("\n".join(lines))


def safe_lines(values: Iterable[str]) -> tuple[str, ...]:
    """Make the lines of a context safe to print and store; drop empty ones, and those after `MOST_LINES`.

    Example:
        >>> safe_lines(["postgresql://app:hunter2@db/shop", "", "two\\nlines"])
        ('postgresql://***@db/shop', 'two\\\\nlines')
    """
    lines = tuple(line for line in map(safe_text, values) if line)
    if len(lines) <= MOST_LINES:
        return lines
    return (*lines[: MOST_LINES - 1], f"… and {len(lines) - MOST_LINES + 1} more")


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def _line(value: object) -> str:
    return safe_text(value) if isinstance(value, str) else ""


def _word(value: object, default: str) -> str:
    return safe_text(value, 80) or default if isinstance(value, str) else default
