"""Settings and URLs that are wrong. The database does not matter: nothing is asked of it."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import MODELS, set_to
from tests.support.toy import Toy


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Always a file."""
    return sqlite_url


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        pytest.param("lock_timeout", '"soon"', '"1s"', marks=fixes("bad-setting")),
        pytest.param("lock_time", '"1s"', None, marks=fixes("unknown-setting")),
        pytest.param("database_url", '"postgres//shop"', "", marks=fixes("bad-setting")),
        pytest.param("database_url", '"mysql://app@host/shop"', "", marks=fixes("unsupported-database")),
        pytest.param("database_url", '"postgresql://app@host:port/shop"', "", marks=fixes("bad-url")),
        pytest.param("database_url", '"postgresql+psycopg9://h/shop"', "", marks=fixes("no-such-driver")),
        pytest.param("metadata", '"shop.models:Base"', '"models:metadata"', marks=fixes("bad-metadata")),
        pytest.param("base", '"legacy:metadata"', '"models:first"', marks=fixes("bad-base")),
        pytest.param("base", '"json:__doc__"', None, marks=fixes("bad-base")),
        pytest.param("migrations", '"migration"', '"alembic"', marks=fixes("migrations-not-found")),
        pytest.param("seeds", '"seed"', '"seeds"', marks=fixes("seeds-not-found")),
    ],
)
def test_a_line_of_the_settings(
    person: Person, ready: Toy, request: pytest.FixtureRequest, name: str, wrong: str, right: str | None
) -> None:
    """It is corrected where it is set; then what the error says brings the database to ready."""
    (person.folder / "models.py").write_text(f"{MODELS}\n\ndef first(connection):\n    pass\n")
    set_to(person, name, wrong)
    (mark,) = request.node.iter_markers("fixes")
    person.fails("initdb run", mark.args[0])
    set_to(person, name, json.dumps(ready.url) if right == "" else right)
    person.follows("initdb run")


@fixes("settings-file-unreadable")
def test_a_file_of_settings(person: Person, ready: Toy) -> None:
    """The printed command names the line; corrected, it says nothing."""
    file = person.folder / "initdb.toml"
    before = file.read_text()
    file.write_text(before.replace('"toy"', '"toy'))
    person.fails("initdb run", "settings-file-unreadable")
    see = person.printed("python -c")
    assert "at line 1" in person.type(see).stderr
    then = person.printed("initdb run")
    file.write_text(before)
    assert person.runs(see).output == ""
    person.runs(then)


@fixes("database-url-missing")
@pytest.mark.parametrize("how", ["the option", "the variable"])
def test_no_database(person: Person, toy: Toy, how: str) -> None:
    """As an option, as it is printed, or as a variable."""
    set_to(person, "database_url", None)
    person.fails("initdb run", "database-url-missing")
    if how == "the option":
        assert "--database-url sqlite:///app.db" in person.follows("initdb run").command
    else:
        person.environ["DATABASE_URL"] = toy.url
        person.follows("initdb run")
    assert toy.sql("SELECT count(*) FROM t1") == [(6,)]


@fixes("settings-file-refused")
@pytest.mark.parametrize("trusts", [True, False])
def test_settings_of_another_user(person: Person, trusts: bool) -> None:
    """Root works in the folder of somebody else, and names the file, or none; then it is as he says."""
    settings = person.folder / "initdb.toml"
    settings.write_text('schema_from = "identity"\ndatabase_url = "sqlite:///app.db"\n')
    shutil.chown(settings, "nobody")
    assert "belongs to nobody" in person.fails("initdb run", "settings-file-refused")
    command = person.printed("INITDB_CONFIG='" if trusts else "INITDB_CONFIG=/dev/null")
    assert (person.type(command).code == 0) is trusts
    assert (person.folder / "app.db").exists() is trusts
