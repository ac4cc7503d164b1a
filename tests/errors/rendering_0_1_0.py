"""How 0.1.0 reads and shows a stored error: its module `initdb.errors.rendering`, word for word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from initdb.errors.safe import safe_text

MOST_LINES = 50
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
    """A failure as it is shown, complete: nothing is looked up when it is read again.

    reference, message, kept, mend: as in the catalogue on the day. context: the particulars, a line each.
    sqlstate: SQLSTATE or SQLite's error name. passing: whether it can pass by itself.
    advice: short advice lines for the database in use. database: "sqlite", "postgresql" or None.
    exit_code: of a command that ends with it.
    """

    reference: str
    message: str
    context: tuple[str, ...]
    kept: str
    mend: str
    sqlstate: str | None
    passing: bool
    advice: tuple[str, ...] = ()
    database: str | None = None
    exit_code: int = 1

    def as_data(self) -> dict[str, object]:
        """The failure as JSON-able data: strings, lists of strings, a bool and an int."""
        data: dict[str, object] = asdict(self)
        return data | {"context": list(self.context), "advice": list(self.advice)}

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Rendered:
        """The failure that `as_data` of any version stored. Missing keys and wrong types are made up for."""
        code = data.get("exit_code")
        return cls(
            reference=_word(data.get("reference"), "internal-error"),
            message=_line(data.get("message")),
            context=safe_lines(_strings(data.get("context"))),
            kept=_line(data.get("kept")),
            mend=_line(data.get("mend")),
            sqlstate=_word(data.get("sqlstate"), "") or None,
            passing=data.get("passing") is True,
            advice=safe_lines(_strings(data.get("advice"))),
            database=_word(data.get("database"), "") or None,
            exit_code=code if isinstance(code, int) and 0 < code < 256 else 1,
        )


def render(rendered: Rendered, colour: bool = False) -> str:
    """`rendered` as text for a terminal, without a newline at the end; with ANSI colours if `colour`."""

    def paint(text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if colour else text

    lines = [f"{paint('error:', _BOLD_RED)} {paint(rendered.reference, _BOLD)}", ""]
    lines += [f"  {rendered.message}"] if rendered.message else []
    lines += [f"    {line}" for line in rendered.context]
    lines.append("")
    lines += [f"{paint('help:', _CYAN)} {line}" for line in rendered.advice]
    lines += [f"{paint('kept:', _GREEN)} {rendered.kept}"] if rendered.kept else []
    lines += [f"{paint('mend:', _CYAN)} {rendered.mend}"] if rendered.mend else []
    lines.append(f"{paint('more:', _DIM)} initdb explain {rendered.reference}")
    return "\n".join(lines)


def safe_lines(values: Iterable[str]) -> tuple[str, ...]:
    """Context fit to be printed and stored: one safe line each, empty ones dropped, at most `MOST_LINES`."""
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
