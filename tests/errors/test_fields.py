"""The names in an error's texts: filled in as one word of a shell, or between quotation marks of SQL."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url

from initdb.errors import CATALOGUE, InitError, naming
from initdb.errors.classify import classify
from initdb.errors.exception import SHORT_TOPICS
from initdb.errors.fields import FIELDS, fields_in, fill
from initdb.errors.known_names import of_database, of_file
from tests.support.postgres_server import PostgresServer

_OTHERS = """REVOKE PUBLIC
ALLOW ALLOW_CONNECTIONS ALTER BEGIN BY CI COMMIT COMMITTED CONNECT CONNECTION CREATE CREATEDB CSV DATABASE
DATABASE_URL FLASK_APP FROM GRANT GROUP HEAD HEALTHCHECK INITDB_ALLOW_SHARED_FOLDER INITDB_CONFIG
INITDB_CREATE_DATABASE INSERT JSON LIMIT NN NOT NULL ON OWNER PATH PGPASSWORD PRAGMA READ RENAME RESET ROLE
ROLLBACK SCHEMA SELECT SET SHOW SIGTERM SQL TABLE TABLESPACE TLS TO TOML UPDATE URL USAGE USE_TWOPHASE UTF
VPN WAL WHERE YAML
"""
NO_FIELDS = frozenset(_OTHERS.split())
"""Words in capitals that stand for nothing: of SQL, of programs, abbreviations."""


@pytest.mark.parametrize(
    ("text", "names", "filled"),
    [
        ("initdb release REV", {"REV": "3f2a"}, "initdb release 3f2a"),
        ("alembic upgrade PREVIOUS:REV --sql", {"REV": "b"}, "alembic upgrade PREVIOUS:b --sql"),
        ("ls -ld FOLDER DBFILE", {"FOLDER": "/a b", "DBFILE": "/a b/c"}, "ls -ld '/a b' '/a b/c'"),
        ("rm DBFILE-initdb", {"DBFILE": "/srv/app.db"}, "rm /srv/app.db-initdb"),
        ("REVISION PREVREV", {"REV": "b"}, "REVISION PREVREV"),
        ('ALTER ROLE "DBROLE" LOGIN', {"DBROLE": "the app"}, 'ALTER ROLE "the app" LOGIN'),
        ('ALTER ROLE "DBROLE" LOGIN', {"DBROLE": 'a"; DROP'}, 'ALTER ROLE "DBROLE" LOGIN'),
        ("psql -c '\\d \"TABLENAME\"'", {"TABLENAME": "it's"}, "psql -c '\\d \"TABLENAME\"'"),
        ("at sqlite:///DBFILE/b.db", {"DBFILE": "/my app"}, "at sqlite:////my app/b.db"),
        ("chown OSUSER FILE", {"FILE": "x; rm -rf /"}, "chown OSUSER 'x; rm -rf /'"),
        ("no names", {"REV": "b"}, "no names"),
        ("REV", {"REV": ""}, "REV"),
    ],
)
def test_filling(text: str, names: dict[str, str], filled: str) -> None:
    """One word of a shell, or what stands between quotation marks; what would end these is not filled in."""
    assert fill(text, names) == filled


def test_a_value_is_not_filled_in_itself() -> None:
    """A folder may be called as a name is."""
    error = InitError("folder-missing", names={"FOLDER": "/srv/FILE"}).with_names({"FILE": "app.db"})
    assert "mkdir -p /srv/FILE)" in error.rendered().fix


def test_what_is_known_first_stays() -> None:
    """Nearest to the cause the most is known; the names come back in the stored error, and only there."""
    error = InitError("revision-failed", names={"REV": "b"})
    again = error.with_names({"REV": "c", "PREVIOUS": "a"})
    assert again.rendered().advice[0].endswith("alembic upgrade a:b --sql")
    assert "PREVIOUS:b" in str(error), "the error that was given stays as it is"
    stored = pickle.loads(pickle.dumps(again))
    assert str(stored) == str(again) == str(stored.with_names({"REV": "d"}))
    assert "more of it" in str(again.with_context("more of it"))
    assert "a:b" in str(again.with_context("more of it"))


def test_naming_in_passing() -> None:
    """An error gets the names that a caller knows; others pass, and nobody asks for names in vain."""
    with pytest.raises(InitError, match="mark-applied b") as raised, naming(lambda: {"REV": "b"}):
        raise InitError("adoption-refused") from ValueError("a cause")
    assert isinstance(raised.value.__cause__, ValueError)
    with pytest.raises(KeyError), naming(lambda: {"REV": "b"}):
        raise KeyError("REV")
    with naming(lambda: pytest.fail("nobody asked")):
        pass


def test_no_secret_becomes_a_name() -> None:
    """A URL is shown without its password, as psql takes it."""
    secret = "postgresql+psycopg2://app:hunter2@db.example.org:6432/shop?sslmode=require"
    assert "hunter2" not in str(classify(TimeoutError(), doing="connect", database="", target=secret))


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (
            "postgresql+asyncpg://app@db:6432/shop?prepared_statement_cache_size=0",
            {"DBURL": "postgresql://app@db:6432/shop", "DBROLE": "app", "HOST": "db", "PORT": "6432"},
        ),
        (
            "postgresql://the%20app@/shop?host=/run/pg&port=5433",
            {
                "DBURL": "postgresql://the%20app@/shop?host=/run/pg&port=5433",
                "DBROLE": "the app",
                "PORT": "5433",
            },
        ),
        ("postgresql://[::1]:5433/shop", {"HOST": "::1", "PORT": "5433", "DBNAME": "shop"}),
        ("postgresql://a,b/shop", {"HOST": "", "DBURL": "postgresql://a,b/shop"}),
        ("postgresql://app@/", {"DBNAME": "app", "SERVERURL": "postgresql://app@/postgres"}),
        ("sqlite:////srv/app.db?mode=ro", {"DBFILE": "/srv/app.db", "FOLDER": "/srv"}),
        ("sqlite://", {}),
    ],
)
def test_what_a_url_says(url: str, found: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Role, name, address and file; what it does not say is as libpq has it."""
    monkeypatch.delenv("PGUSER", raising=False)
    known = of_database(url)
    assert {name: known[name] for name in found} == found
    assert known.keys() <= FIELDS.keys()


def test_psql_takes_what_is_filled_in(server: PostgresServer, postgresql_url: str) -> None:
    """Also where the names have blanks: the server is asked by the printed commands."""
    for made in ('ROLE "the app" LOGIN', 'DATABASE "the shop"'):
        server.admin_execute(f"CREATE {made}")
    try:
        url = make_url(postgresql_url).set(username="the app", database="the shop").render_as_string()
        names = of_database(url)
        command = fill("psql -X -A -t DBURL -c 'SELECT current_user' && psql -X -l SERVERURL", names)
        path = f"{server.bin}{os.pathsep}{os.environ['PATH']}"
        said = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, env={**os.environ, "PATH": path}
        )
        assert said.returncode == 0, said.stderr
        assert said.stdout.splitlines()[0] == "the app" and "the shop" in said.stdout, said.stderr
        server.admin_execute(fill('ALTER DATABASE "DBNAME" OWNER TO "DBROLE"', names))
    finally:
        for made in ('DATABASE "the shop"', 'ROLE "the app"'):
            server.admin_execute(f"DROP {made}")


def test_a_shell_takes_what_is_filled_in(tmp_path: Path) -> None:
    """A path with blanks and quotation marks is one word."""
    file = tmp_path / "it's a shop" / "app (1).db"
    file.parent.mkdir()
    said = subprocess.run(["sh", "-c", fill("touch FILE && ls FOLDER", of_file(file))], capture_output=True)
    assert said.stdout.decode().split("\n") == ["app (1).db", ""]


@pytest.mark.parametrize("reference", CATALOGUE)
def test_what_is_printed_in_capitals(reference: str) -> None:
    """A word in capitals is a name that can be filled in, or is known to be none: a typing error is found."""
    row = CATALOGUE[reference]
    texts = [row.message, row.kept, row.fix, *(it.short for it in row.advice if it.topic in SHORT_TOPICS)]
    for text in texts:
        words = set(re.findall(r"(?<![\w'.])[A-Z][A-Z_]+(?![\w.])", text))
        assert words - NO_FIELDS <= set(fields_in(text)), text
