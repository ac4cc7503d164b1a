"""Every row of the catalogue is complete and has the same form."""

from __future__ import annotations

import re

import pytest

from initdb.errors import CATALOGUE, ErrorRow
from initdb.errors.catalogue.index import SUBJECTS
from initdb.errors.redact import scrub
from initdb.errors.rows import TITLES
from initdb.errors.safe import escape

ROWS = pytest.mark.parametrize("row", CATALOGUE.values(), ids=lambda row: row.reference)
COMMANDS = {
    "run",
    "resume",
    "status",
    "journal",
    "manifest",
    "validate",
    "repair",
    "plan",
    "rollback",
    "release",
}
COMMANDS |= {"explain", "diagram", "admin", "completion", "doctor", "eject", "restore", "init"}
NAMES = {"mode", "revision", "sqlite3's"}
"""What may begin a sentence in lower case, since it is the name of something."""


def texts(row: ErrorRow) -> list[str]:
    return [row.message, row.kept, row.fix, *row.causes, *(advice.text for advice in row.advice)]


@ROWS
def test_a_row_is_complete(row: ErrorRow) -> None:
    """Reference, message, what is kept, the fix, causes and advice are there."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", row.reference)
    assert row.causes
    assert row.advice
    assert all(text == text.strip() and len(text) > 10 for text in texts(row))
    assert row.exit_code in {1, 2, 3, 4, 130}


@ROWS
def test_sentences_are_complete(row: ErrorRow) -> None:
    """Messages, causes and what is kept are sentences, with a capital letter and a full stop."""
    for text in (row.message, row.kept, *row.causes):
        first = text.split()[0]
        assert not first[0].islower() or first in NAMES or any(c in first for c in "_.()"), text
        assert text.endswith("."), text


@ROWS
def test_the_fix_is_one_line(row: ErrorRow) -> None:
    """The fixing command or action fits one line of the error."""
    assert "\n" not in row.fix
    assert len(row.fix) <= 160


@ROWS
def test_commands_that_are_named_exist(row: ErrorRow) -> None:
    """Each `initdb …` that is recommended is a command of the command line."""
    for text in texts(row):
        for word in re.findall(r"(?:^|: |; |`|\n {4})initdb ([a-z][a-z-]*)", text):
            assert word in COMMANDS, text


@ROWS
def test_advice_reads_well(row: ErrorRow) -> None:
    """Topics are known, nothing is said twice, and no line is only white space."""
    seen = [(advice.topic, advice.text, advice.database) for advice in row.advice]
    assert len(set(seen)) == len(seen)
    for advice in row.advice:
        assert advice.topic in TITLES
        assert all(line.strip() for line in advice.text.split("\n"))
        assert not advice.short.startswith(" ")


@ROWS
def test_a_failure_that_stays_says_how_to_try_again(row: ErrorRow) -> None:
    """Whatever does not pass by itself and was recorded names the command that goes on."""
    if row.exit_code == 1 and not row.passing:
        assert "initdb " in row.fix or row.reference in {"downgrade-missing", "in-transaction"}, row.fix


@ROWS
def test_no_text_of_the_catalogue_is_taken_for_a_secret(row: ErrorRow) -> None:
    """What the catalogue says survives the redaction and the escaping of an error."""
    for text in (row.message, row.kept, row.fix):
        assert scrub(escape(text)) == text


def test_references_are_unique() -> None:
    """No row hides another one of the same reference."""
    rows = [row.reference for rows in SUBJECTS.values() for row in rows]
    assert len(rows) == len(set(rows)) == len(CATALOGUE)
