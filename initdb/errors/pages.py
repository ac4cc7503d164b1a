"""The page that `initdb explain REFERENCE` prints."""

from __future__ import annotations

import textwrap

from initdb.errors.catalogue.index import CATALOGUE
from initdb.errors.exception import InitError
from initdb.errors.rows import TITLES, Advice, ErrorRow

WIDTH = 100
DATABASE_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def find_row(reference: str) -> ErrorRow:
    """The row of a reference.

    Raises:
        InitError: `unknown-reference`, which names the most similar ones.
    """
    row = CATALOGUE.get(reference)
    if row is None:
        from difflib import get_close_matches

        nearest = get_close_matches(reference.strip().lower(), CATALOGUE, n=3, cutoff=0.4)
        hint = f"Did you mean: {', '.join(nearest)}?" if nearest else ""
        raise InitError("unknown-reference", f"There is no error called {reference!r}.", hint)
    return row


def render_page(reference: str, database: str | None = None) -> str:
    """The whole entry of an error as plain text, at most `WIDTH` columns wide.

    Args:
        reference: The error.
        database: "sqlite" or "postgresql" leaves out the advice for the other one; None keeps both.

    Raises:
        InitError: `unknown-reference`.

    Example:
        >>> print(render_page("bad-setting"))  # doctest: +ELLIPSIS
        bad-setting
        <BLANKLINE>
          A setting has an invalid value.
        <BLANKLINE>
        Causes
          - It has a typing error.
        ...
    """
    row = find_row(reference)
    blocks = [row.reference, _filled(row.message)]
    if row.causes:
        blocks.append("Causes\n" + "\n".join(_filled(cause, "  - ") for cause in row.causes))
    for topic, title in TITLES.items():
        told = [a for a in row.advice if a.topic == topic and (database is None or a.fits(database))]
        if told:
            blocks.append(title + "\n" + "\n".join(map(_advice, told)))
    blocks.append("What was kept\n" + _filled(row.kept))
    blocks.append("Fix\n" + _filled(row.fix))
    blocks.append(_filled(outcome(row), ""))
    return "\n\n".join(blocks)


def outcome(row: ErrorRow) -> str:
    """One or two sentences on what a command and later boots do after this error."""
    later = (
        "It can pass by itself: later boots try again, after growing pauses."
        if row.passing
        else "It does not pass by itself: later boots of the same code report it again and try nothing."
    )
    return f"A command that ends with this error exits with {row.exit_code}." + (
        f" {later}" if row.exit_code == 1 else ""
    )


def _advice(advice: Advice) -> str:
    first, *rest = advice.text.split("\n")
    label = f"{DATABASE_NAMES[advice.database]}: " if advice.database else ""
    lines = [_filled(label + first, "  - ")]
    lines += [f"    {line}" if line.startswith("    ") else _filled(line, "    ") for line in rest]
    return "\n".join(lines)


def _filled(text: str, indent: str = "  ") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
