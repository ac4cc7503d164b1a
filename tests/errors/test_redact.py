"""A secret never appears, whatever characters it contains."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url

from initdb.errors import InitError
from initdb.errors.redact import scrub, url_text
from initdb.errors.safe import safe_text

BEFORE, AFTER = "\u2460", "\u2461"
PASSWORDS = st.text(min_size=1).map(lambda text: f"{BEFORE}{text}{AFTER}")
"""Passwords with a mark at each end, so that a part of one is recognised wherever it is left."""

USERS = st.text(alphabet=st.characters(blacklist_characters=":/@"))
WORDS = st.text(alphabet="abc =:'\"@/\n?&", max_size=20)


def assert_gone(text: str) -> None:
    assert BEFORE not in text
    assert AFTER not in text


@settings(deadline=None)
@given(password=PASSWORDS, user=USERS)
@example(password=f"{BEFORE}p@ss://x:y@z?a#b/{AFTER}", user="app")
@example(password=f"{BEFORE}5432/x y@{AFTER}", user="")
def test_a_raw_password_in_a_url_string_is_taken_out(password: str, user: str) -> None:
    """Also a password that somebody forgot to escape."""
    url = f"postgresql://{user}:{password}@db.example.com:5432/shop"
    assert url_text(url) == f"postgresql://{user}@db.example.com:5432/shop"
    assert_gone(scrub(f"cannot connect to {url}\nsee https://example.com/help"))


@settings(deadline=None)
@given(password=PASSWORDS)
def test_the_password_of_a_url_object_is_taken_out(password: str) -> None:
    """SQLAlchemy's URL knows its password; text and object give the same."""
    assume(password.encode("utf-8", "ignore").decode() == password)
    url = URL.create(
        "postgresql+psycopg2", "app@corp", password, "db", 5432, "shop", {"sslpassword": password}
    )
    expected = "postgresql+psycopg2://app%40corp@db:5432/shop"
    assert url_text(url) == expected
    assert url_text(url.render_as_string(hide_password=False)) == expected


@settings(deadline=None)
@given(password=PASSWORDS)
def test_a_user_name_with_an_at_sign_hides_no_password(password: str) -> None:
    """user@server is a login of some clouds; the password follows after it."""
    text = f"postgresql://app@corp:{password}@db/shop"
    assert url_text(text) == "postgresql://app@corp@db/shop"
    assert_gone(scrub(text))


@settings(deadline=None)
@given(password=PASSWORDS)
@pytest.mark.parametrize("key", ["password", "sslpassword", "PASSWORD", "db_passwd", "secret", "api_key"])
def test_a_secret_in_the_query_is_taken_out(key: str, password: str) -> None:
    """Passwords may be given behind the question mark as well."""
    assume(password.encode("utf-8", "ignore").decode() == password)
    url = f"postgresql://db/shop?sslmode=require&{key}={quote_plus(password)}&application_name=shop"
    assert url_text(url) == "postgresql://db/shop?sslmode=require&application_name=shop"
    assert quote_plus(password) not in scrub(f"url {url} was refused")


@settings(deadline=None)
@given(password=PASSWORDS, words=WORDS)
@example(password=f"{BEFORE}:@{AFTER}", words="://")
@pytest.mark.parametrize("form", ["{}", "'{}'", '"{}"', "$${}$$", "$tag${}$tag$"])
def test_a_secret_in_free_text_is_taken_out(form: str, password: str, words: str) -> None:
    """key=value as libpq, INI files and Python write it, and SQL that sets a password."""
    quoted = password.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    plain = "".join(quoted.split())
    value = form.format(quoted) if form.startswith(("'", '"')) else plain
    assert_gone(scrub(f"{words} password={value} host=db"))
    assert_gone(scrub(f"{words} PGPASSWORD = {value}"))
    if form.startswith(("'", '"')):
        assert_gone(scrub(f"{{'user': 'app', 'password': {value}}}"))
        assert_gone(scrub(f"ALTER ROLE app PASSWORD {value}"))
    elif "$" in form and "$" not in password:
        assert_gone(scrub(f"ALTER ROLE app WITH PASSWORD {form.format(password)} LOGIN"))


@settings(deadline=None)
@given(password=PASSWORDS)
def test_a_secret_in_a_line_of_yaml_is_taken_out(password: str) -> None:
    """A parser's message may quote the line that it stumbled over."""
    line = "".join(c for c in password if c not in "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
    assert_gone(scrub(f"line 2:\n  - password: {line}\n    ^"))


@settings(deadline=None)
@given(password=PASSWORDS)
def test_parameters_and_rows_are_taken_out(password: str) -> None:
    """SQLAlchemy prints the parameters of a statement, PostgreSQL the whole row that failed."""
    assert_gone(scrub(f"failed [SQL: INSERT INTO users VALUES (?)]\n[parameters: ('admin', {password!r})]"))
    assert_gone(scrub(f"null value\nDETAIL:  Failing row contains (1, {password}, null)."))


@settings(deadline=None)
@given(st.text())
def test_redaction_is_stable(text: str) -> None:
    """What was made safe once is not changed again, so a stored failure reads the same for ever."""
    once = safe_text(text)
    assert safe_text(once) == once
    assert once.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        'connection to server at "db" (10.0.0.1), port 5432 failed: Connection refused',
        'password authentication failed for user "app"',
        "expected postgresql://app@db:5432/shop, found postgresql://app@db2:5432/shop",
        "sqlite:////srv/me@work/app.db",
        "sqlite:///C:/me@work/app.db",
        "See https://docs.sqlalchemy.org/e/21/e3q8",
        "UNIQUE constraint failed: roles.name",
        "Key (email)=(a@example.com) already exists.",
        "http://[::1]:5432/x",
        "Set the password of the admin at any time: initdb admin set-password",
    ],
)
def test_text_without_a_secret_is_left_alone(text: str) -> None:
    """Redaction leaves messages, hosts, ports, paths and addresses readable."""
    assert scrub(text) == text


def test_hashes_are_taken_out() -> None:
    """A password's hash is worth guessing at, so it is no more printed than the password."""
    text = "Key (hash)=($argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA) and scrypt:32768:8:1$salt$abcdef"
    assert scrub(text) == "Key (hash)=($argon2id$***) and scrypt:32768:8:1$***"


def test_a_url_is_readable() -> None:
    """All but the secret stays, and what looks like a port but is none is taken out as well."""
    assert url_text("postgresql:///shop?host=%2Frun%2Fpg&password=x") == "postgresql:///shop?host=/run/pg"
    assert (
        url_text(make_url("sqlite:////srv/app.db?mode=ro&uri=true"))
        == "sqlite:////srv/app.db?mode=ro&uri=true"
    )
    assert url_text("postgresql://app:s3cret/shop") == "postgresql://app:***"
    assert url_text("no url at all") == "***"
    assert url_text("") == ""
    assert url_text(None) == "***"


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_url_text_ends(before: str, after: str) -> None:
    """Whatever is given as a URL, something is returned, and it holds no userinfo with a password."""
    assert isinstance(url_text(before + "://" + after), str)
    assert isinstance(InitError("bad-url", url_text(before + "://" + after)).context, tuple)
