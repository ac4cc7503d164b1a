"""What the settings alone decide: where the schema comes from, and their part of the fingerprint."""

from __future__ import annotations

import pytest

from initdb.settings import SETTINGS, Settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), "models"),
        (Settings(migrations="/m"), "migrations"),
        (Settings(metadata=("shop:db",)), "models"),
        (Settings(migrations="/m", metadata=("shop:db",)), "migrations"),
        (Settings(migrations="/m", app="shop:app"), "migrations"),
        (Settings(migrations="/m", base="shop:base"), "base"),
        (Settings(migrations="/m", metadata=("shop:db",), schema_from="models"), "models"),
    ],
)
def test_where_the_schema_comes_from(settings: Settings, expected: str) -> None:
    """As given, else decided by what the settings name."""
    assert expected == settings.schema_source()


def test_the_caller_may_know_better_what_is_present() -> None:
    """Objects handed over in code count as what settings would have named."""
    assert Settings().schema_source(has_migrations=True) == "migrations"
    assert Settings(migrations="/m").schema_source(has_migrations=False) == "models"


def test_the_fingerprint_holds_what_alters_work_and_nothing_else() -> None:
    """Neither a secret nor a place is in it."""
    assert {"base", "ignore", "repair", "schema_from"} == Settings().work_fingerprint().keys()
    here = Settings(database_url="sqlite:///a", migrations="/here", mode="wait", lock_timeout=1.0)
    assert here.work_fingerprint() == Settings().work_fingerprint()


def test_the_fingerprint_sees_meaning_not_spelling() -> None:
    """The order of a list does not alter work, its content does; None and a text that says None differ."""
    one = Settings(ignore=("a", "b", "a")).work_fingerprint()
    assert one == Settings(ignore=("b", "a")).work_fingerprint()
    assert one != Settings(ignore=("a,b",)).work_fingerprint()
    assert Settings(base="null").work_fingerprint() != Settings().work_fingerprint()


def test_every_setting_that_alters_work_alters_the_fingerprint() -> None:
    """A new row with the mark is in the fingerprint without more being written."""
    others = Settings(when_edited="fail")
    assert others.work_fingerprint().keys() == {setting.name for setting in SETTINGS if setting.alters_work}


def test_a_setting_that_0_1_0_lacks_is_in_it_only_where_it_is_set() -> None:
    """Otherwise every database would be validated once more after the upgrade."""
    newer = {setting.name for setting in SETTINGS if setting.alters_work and setting.newer}
    assert newer == {"when_edited"}
    assert Settings(when_edited="warn").work_fingerprint() == Settings().work_fingerprint()
    assert Settings(when_edited="fail").work_fingerprint() != Settings().work_fingerprint()
