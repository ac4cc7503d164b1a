"""What leaves for a program, for a log or for a terminal has types and places, and no texts."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from initdb.errors import InitError
from initdb.errors.causes import frames_of
from initdb.errors.exception import raised_to
from initdb.errors.facts import fact_of
from initdb.errors.rendering import Rendered
from initdb.errors.stored import LEFT_OUT, read_stored, to_store
from initdb.errors.withheld import kind_of, shown_to, withhold

TOKEN = "k4nary"


def fail() -> None:
    """A driver's error, with statement and parameters."""
    with create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("SELECT ? FROM nowhere", (TOKEN,))


@raised_to()
def call(act: Callable[[], object] = fail) -> None:
    """A public call of a library."""
    try:
        act()
    except Exception as error:
        raise InitError("inspection-failed", "on the shop") from error


def test_a_program_sees_stand_ins() -> None:
    """Their classes are named as those that they stand for; nothing leads to the real ones."""
    with pytest.raises(InitError) as caught:
        call()
    shown = "".join(traceback.format_exception(caught.value))
    assert "sqlite3.OperationalError" in shown and "sqlalchemy.exc.OperationalError" in shown
    assert "test_causes.py, line" in shown and "in fail" in shown
    assert TOKEN not in shown and "nowhere" not in shown
    seen: BaseException | None = caught.value
    while seen is not None:
        assert not isinstance(seen, DBAPIError)
        assert seen.__context__ is None
        assert TOKEN not in repr(seen)
        seen = seen.__cause__
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_frames_without_texts() -> None:
    """For --debug, and for a forked child: not even lines of source, which have literals."""
    with pytest.raises(DBAPIError) as caught:
        fail()
    shown = frames_of(caught.value)
    assert "in fail" in shown
    assert "caused by:\nsqlite3.OperationalError" in shown
    assert "SELECT" not in shown and TOKEN not in shown


def test_the_one_who_asks_sees_the_texts_once() -> None:
    """With statement and parameters; control characters are spelled out."""
    seen = list[str]()
    with shown_to(seen.append), pytest.raises(DBAPIError) as caught:
        fail()
    with shown_to(seen.append):
        assert kind_of(caught.value) == "OperationalError"
        withhold(caught.value)
        withhold("\x1b[2Jx")
    assert [TOKEN in text for text in seen] == [True, False]
    kind_of(caught.value)
    assert len(seen) == 2


def test_facts_come_from_the_source_not_from_a_text() -> None:
    """A name in a string, or in an attribute that somebody has set, is none."""

    def fact(act: Callable[[], object]) -> str:
        with pytest.raises(BaseException) as caught:
            act()
        return fact_of(caught.value)

    def forge() -> None:
        raise ImportError(TOKEN, name=TOKEN)

    def leave(code: object) -> Callable[[], object]:
        def act() -> None:
            raise SystemExit(code)

        return act

    assert fact(forge) == ""
    assert fact(lambda: getattr(call, TOKEN)) == ""
    assert fact(lambda: call.no_such_attribute) == "no_such_attribute"  # type: ignore[attr-defined]
    assert fact(lambda: open("/nowhere/k4nary")) == "No such file or directory"  # noqa: PTH123, SIM115
    assert (fact(leave(3)), fact(leave(TOKEN))) == ("3", "")


OLD = {
    "reference": "data-migration-failed",
    "message": "A revision broke the data.",
    "context": [
        "postgresql://app:k4nary@db/shop",
        "revision 3f2a, versions/3f2a_add.py line 14",
        'duplicate key value violates unique constraint "orders_sku_key" (23505)',
        "Key (sku)=(k4nary) already exists.",
        "statement: INSERT INTO orders (sku) VALUES ('k4nary')",
        "ValueError: k4nary",
        "roles.csv line 3: roles: k4nary",
        "at: versions/3f2a_add.py line 14",
    ],
    "sqlstate": "23505",
    "database": "postgresql",
}


def test_a_stored_error_of_an_older_version_is_shown_without_texts() -> None:
    """Places, the statement without literals, and types stay."""
    assert read_stored(OLD).context == (
        "postgresql://***@db/shop",
        "revision 3f2a, versions/3f2a_add.py line 14",
        LEFT_OUT,
        "statement: INSERT INTO orders (sku) VALUES (…)",
        f"ValueError {LEFT_OUT}",
        f"roles.csv line 3: roles {LEFT_OUT}",
        "at: versions/3f2a_add.py line 14",
    )


def test_a_stored_error_of_today_and_our_own_sentences_stay_word_for_word() -> None:
    """The mark says so; of an older version, a reference whose lines are ours alone."""
    today = InitError("revision-failed", "anything at all", sqlstate="23505").rendered()
    assert read_stored(to_store(today)) == today
    ours = InitError("pending-work", "2 revisions are pending").rendered()
    assert read_stored(ours.as_stored()) == Rendered.from_data(ours.as_data())
