"""`initdb explain` and docs/errors.md show what the catalogue says."""

from __future__ import annotations

from pathlib import Path

import pytest

from initdb.errors import CATALOGUE, InitError, render_page
from initdb.errors.document import document

DOCUMENT = Path(__file__).parents[2] / "docs" / "errors.md"

BATON = """\
nothing-to-release

  No revision is held, so there is nothing to release.

Causes
  - The revision was released already, or its file was changed, which ends the hold.

Troubleshooting
  - See when revisions were held and released: initdb journal --type migration_reverted --type
    hold_released

What was kept
  Nothing was changed.

Fix
  See the state of the database: initdb status

A command that ends with this error exits with 2."""


def test_a_page_reads_like_this() -> None:
    """The page is complete, in the order: what, causes, advice, what was kept, the fix."""
    assert render_page("nothing-to-release") == BATON


@pytest.mark.parametrize("reference", CATALOGUE)
def test_every_page_tells_all_that_the_row_says(reference: str) -> None:
    """Each word of a row is on its page; the page for one database leaves out the other one's advice."""
    row = CATALOGUE[reference]
    words = render_page(reference).split()
    for text in (row.message, row.kept, row.fix, *row.causes, *(advice.text for advice in row.advice)):
        assert set(text.split()) <= set(words)
    only = render_page(reference, "sqlite")
    assert "  - PostgreSQL: " not in only
    assert all(advice.short.split()[-1] in only for advice in row.advice if advice.fits("sqlite"))


def test_pages_are_not_too_wide() -> None:
    """Only commands and very long words go beyond the hundredth column."""
    for reference in CATALOGUE:
        for line in render_page(reference).splitlines():
            assert len(line) <= 100 or line.startswith("        "), line


def test_a_reference_that_is_nearly_right_is_recognised() -> None:
    """An unknown reference names the ones that are nearest, and exits with 2."""
    with pytest.raises(InitError) as caught:
        render_page("sead-rejected")
    assert caught.value.reference == "unknown-reference"
    assert caught.value.exit_code == 2
    assert "Did you mean: seed-rejected" in str(caught.value)
    with pytest.raises(InitError) as caught:
        render_page("\x1b[31m" * 3)
    assert "Did you mean" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_the_documentation_is_up_to_date() -> None:
    """docs/errors.md is what the catalogue says (python -m initdb.errors.document > docs/errors.md)."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_every_reference_has_its_heading() -> None:
    """Each reference can be looked up in the documentation."""
    headings = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("### ")]
    assert headings == [f"### {reference}" for reference in CATALOGUE]
