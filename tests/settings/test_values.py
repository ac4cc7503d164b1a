"""What each kind of value accepts and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from initdb.settings.kinds import LONGEST, seconds
from initdb.settings.table import BY_NAME

BASE = Path("/srv/shop")
URL = "postgresql://shop:hunter2@db/shop"


def parsed(name: str, value: object) -> object:
    return BY_NAME[name].kind.parse(value, BASE)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (5, 5.0),
        (0.25, 0.25),
        ("5", 5.0),
        ("500ms", 0.5),
        ("5s", 5.0),
        (" 2 m ", 120.0),
        ("1.5h", 5400.0),
        ("0", 0.0),
        (LONGEST, LONGEST),
    ],
)
def test_durations(given: object, expected: float) -> None:
    """A duration is a number of seconds or a text with a unit."""
    assert expected == seconds(given)


@pytest.mark.parametrize(
    "given",
    [
        True, -1, float("nan"), float("inf"), LONGEST * 2, 10**400, "999999999h",
        "5 minutes", "5S", "-5s", "1e3", "\u0665s", "", "5s\n6s", None, ["5s"], b"5s",
    ],
)  # fmt: skip
def test_what_is_no_duration(given: object) -> None:
    """Nothing else is one: neither a truth value, nor digits of other scripts, nor a number without end."""
    with pytest.raises(ValueError):
        seconds(given)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("attempts", "7", 7),
        ("attempts", 7, 7),
        ("mode", " wait ", "wait"),
        ("seeds", "seeds, shop.seeds:rows,", ("/srv/shop/seeds", "shop.seeds:rows")),
        ("seeds", ["a,b", "/etc/seeds"], ("/srv/shop/a,b", "/etc/seeds")),
        ("seeds", [], ()),
        ("ignore", ("one", "two three"), ("one", "two three")),
        ("admin_password_file", "secret/admin", BASE / "secret/admin"),
        ("admin_password_file", Path("/run/secrets/admin"), Path("/run/secrets/admin")),
        ("metadata", "shop.models:db.metadata", ("shop.models:db.metadata",)),
        ("metadata", ["shop.models:db", "stock:Base"], ("shop.models:db", "stock:Base")),
        ("application", "Läden", "Läden"),
    ],
)
def test_values_that_are_allowed(name: str, given: object, expected: object) -> None:
    """Texts are read as files, variables and options write them."""
    assert expected == parsed(name, given)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("attempts", [0, True, 2.0, "\u0663", "many", 10**6, None]),
        ("lock_timeout", [0, "0.4ms"]),
        ("batch_size", [-1]),
        ("mode", ["Work", "", ["work"], 1]),
        ("metadata", ["shop.models", "shop/models.py:db", "shop:"]),
        ("app", ["shop:create_app()"]),
        ("application", ["  ", "a\x1bb", "\udc80", URL]),
        ("journal_schema", ["ä" * 32, URL]),
        ("migrations", ["", "a\0b", 5, URL]),
        ("seeds", [[["seeds"]], {"a": 1}, [URL]]),
        ("ignore", [[1], URL]),
        ("database_url", ["app.db", "post gres://x", "a://b\0"]),
    ],
)
def test_values_that_are_refused(name: str, refused: list[object]) -> None:
    """Wrong types, words, bounds, texts that cannot be printed, and URLs where none belongs."""
    for given in refused:
        with pytest.raises(ValueError):
            parsed(name, given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("migrations", "/srv/shop/migrations"),
        ("./shop.d", "/srv/shop/shop.d"),
        ("../other/alembic.ini", "/srv/shop/../other/alembic.ini"),
        ("alembic.ini", "/srv/shop/alembic.ini"),
        ("/opt/a b:c", "/opt/a b:c"),
        ("shop.migrations", "shop.migrations"),
        ("shop:migrations/of/it", "shop:migrations/of/it"),
        ("shop.migrations:config", "shop.migrations:config"),
    ],
)
def test_places(given: str, expected: str) -> None:
    """A place is a path made absolute, or a package, or something in one."""
    assert expected == parsed("migrations", given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///app.db", "sqlite:////srv/shop/app.db"),
        ("sqlite+pysqlite:///var/app.db?timeout=3", "sqlite+pysqlite:////srv/shop/var/app.db?timeout=3"),
        ("sqlite:////tmp/app.db", "sqlite:////tmp/app.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:///file:app.db?mode=ro&uri=true", "sqlite:///file:app.db?mode=ro&uri=true"),
        (" postgresql://shop@db/shop\n", "postgresql://shop@db/shop"),
        ("postgres://db/../x", "postgres://db/../x"),
    ],
)
def test_urls(given: str, expected: str) -> None:
    """The relative path of a SQLite file starts from where it was written; no other URL is touched."""
    assert expected == parsed("database_url", given)


def test_a_sqlite_url_is_left_alone_in_the_working_directory() -> None:
    """Where the driver itself would start from the same folder, the URL stays as it was written."""
    url = BY_NAME["database_url"].kind.parse("sqlite:///app.db", Path.cwd())
    assert url == "sqlite:///app.db"


def test_a_sqlite_url_that_would_be_read_in_two_ways_is_refused() -> None:
    """A folder with a question mark cannot be written into a URL for every version of SQLAlchemy."""
    with pytest.raises(ValueError):
        BY_NAME["database_url"].kind.parse("sqlite:///app.db", Path("/srv/what?"))
