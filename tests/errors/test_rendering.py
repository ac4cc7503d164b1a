"""How an error is printed: exact texts."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initdb.errors import CATALOGUE, InitError, Rendered, render
from initdb.errors.rendering import MOST_LINES

SEED_REJECTED = """\
error: seed-rejected

  A seed row broke a constraint of the schema.
    roles.csv line 3: roles.name 'admin' exists already

kept: The schema and every batch before this one stand; this batch was rolled back.
fix: Correct the row, then: initdb resume
more: initdb explain seed-rejected"""

FOLDER_MISSING = """\
error: folder-missing

  The folder of the database file does not exist.
    sqlite:////srv/shop/app.db
    /srv/shop does not exist.

help: SQLite creates a missing file, never a missing folder: mkdir -p FOLDER
help: Create the folder for the process's user alone: install -d -o OSUSER -m 700 FOLDER
help: Put the file in an existing folder: sqlite:///app.db
help: In initdb.toml: database_url = "sqlite:///app.db" (four slashes begin an absolute path)
kept: Nothing was changed.
fix: Create the folder (mkdir -p FOLDER), or correct the path in database_url, then: initdb run
more: initdb explain folder-missing"""

FIXED_OTHERWISE = """\
error: stopped

  The run was stopped from outside before it ended.

kept: Two of three revisions stand.
fix: Call it again: initdb run
more: initdb explain stopped"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


def test_an_error_reads_like_the_example() -> None:
    """Reference, message, the particulars indented, what was kept, what fixes it, where more is said."""
    assert (
        str(InitError("seed-rejected", "roles.csv line 3: roles.name 'admin' exists already"))
        == SEED_REJECTED
    )


def test_a_connection_error_helps_with_the_database_in_use() -> None:
    """The short advice lines for SQLite are printed, those for PostgreSQL are not."""
    error = InitError(
        "folder-missing", "sqlite:////srv/shop/app.db", "/srv/shop does not exist.", database="sqlite"
    )
    assert str(error) == FOLDER_MISSING


def test_kept_and_fix_may_be_more_exact_than_the_row() -> None:
    """The code that raises an error may say exactly what was kept and what fixes it."""
    error = InitError("stopped", kept="Two of three revisions stand.", fix="Call it again: initdb run")
    assert str(error) == FIXED_OTHERWISE


def test_colours_change_nothing_but_colours() -> None:
    """Without its escape sequences the coloured text is the plain text."""
    rendered = InitError("seed-rejected", "roles.csv line 3").rendered()
    coloured = render(rendered, colour=True)
    assert "\x1b[1;31merror:\x1b[0m \x1b[1mseed-rejected\x1b[0m" in coloured
    for style in ("1;31", "1", "32", "36", "2", "0"):
        coloured = coloured.replace(f"\x1b[{style}m", "")
    assert coloured == render(rendered)


@pytest.mark.parametrize("database", [None, "sqlite", "postgresql"])
@pytest.mark.parametrize("reference", CATALOGUE)
def test_a_failure_is_told_again_word_for_word(reference: str, database: str | None) -> None:
    """A failure stored as JSON reads, a week later, as on the day, and can be raised and pickled."""
    error = InitError(reference, "on /dev/sda1", database=database, sqlstate="53100")
    again = Rendered.from_data(json.loads(json.dumps(error.rendered().as_data())))
    assert again == error.rendered()
    adopted = InitError.from_rendered(again)
    assert str(adopted) == str(error)
    assert adopted.row is CATALOGUE[reference]
    assert adopted.exit_code == CATALOGUE[reference].exit_code
    assert str(pickle.loads(pickle.dumps(adopted))) == str(error)


def test_a_failure_of_another_version_survives() -> None:
    """A reference that this version does not know is rendered and raised from what was stored."""
    stored = {
        "reference": "flux-reversed",
        "message": "The flux is reversed.",
        "context": ["coil 3"],
        "passing": True,
    }
    adopted = InitError.from_rendered(Rendered.from_data(stored))
    assert adopted.reference == adopted.row.reference == "flux-reversed"
    assert adopted.row.passing
    assert str(pickle.loads(pickle.dumps(adopted))) == str(adopted)
    assert "  The flux is reversed.\n    coil 3\n" in str(adopted)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(list(InitError("stopped").rendered().as_data())), JSON)
    | st.dictionaries(st.text(), JSON)
)
def test_any_stored_data_can_be_read(data: dict[str, object]) -> None:
    """Whatever a journal holds in the place of a failure can be read, printed and stored again."""
    rendered = Rendered.from_data(data)
    text = render(rendered)
    assert text.isprintable() or set(text) - {"\n"} == {c for c in text if c.isprintable()}
    assert Rendered.from_data(rendered.as_data()) == rendered


def test_an_unknown_reference_is_a_mistake_of_the_programmer() -> None:
    """A reference without a row fails at once, with a KeyError."""
    with pytest.raises(KeyError, match="no-such-reference"):
        InitError("no-such-reference")


def test_context_cannot_draw_on_the_terminal() -> None:
    """Escape sequences, line breaks, bidirectional marks and surrogates in a value are spelled out."""
    error = InitError("seed-rejected", "\x1b[2Jrow\nkept: everything\r\u202eevil\udc80\0")
    assert error.context == ("\\x1b[2Jrow\\nkept: everything\\r\\u202eevil\\udc80\\x00",)


def test_long_values_are_shortened_and_long_lists_cut() -> None:
    """An error stays readable whatever was in the value or however many particulars there are."""
    error = InitError("adoption-refused", "a" * 100_000 + "THE END", *(f"table t{n}" for n in range(1000)))
    assert len(error.context[0]) <= 600
    assert error.context[0].endswith("THE END")
    assert len(error.context) == MOST_LINES
    assert error.context[-1] == "… and 952 more"


def test_values_of_other_types_and_hostile_ones_are_taken() -> None:
    """A value that cannot even print itself does not stop the report of an error."""

    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

    error = InitError("internal-error", 7, Hostile())  # type: ignore[arg-type]
    assert error.context == ("7", "<Hostile>")
