"""A server that cannot be reached, or does not answer as one does."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from initdb.steps.engines import make
from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.fixes.scenes import set_to
from tests.support.postgres_server import PostgresServer, free_port
from tests.support.toy import Toy

RUN = "initdb run --wait-limit 0"


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """Always a server."""
    return postgresql_url


@fixes("connection-refused")
def test_no_server(person: Person, ready: Toy) -> None:
    """pg_isready says so; it answers for the right port, and the run is ready."""
    url = make_url(ready.url)
    set_to(person, "database_url", json.dumps(str(url.update_query_dict({"port": str(free_port())}))))
    person.fails(RUN, "connection-refused")
    asked = person.printed("pg_isready")
    assert "no response" in person.shell(asked).stdout
    set_to(person, "database_url", json.dumps(ready.url))
    person.follows("initdb run")


@fixes("connection-refused")
def test_a_file_in_its_place(person: Person, ready: Toy) -> None:
    """The advice to go on without a server."""
    port = str(free_port())
    set_to(person, "database_url", json.dumps(f"postgresql+psycopg2://app@127.0.0.1:{port}/shop"))
    person.fails(RUN, "connection-refused")
    person.follows("initdb run --database-url")
    assert (person.folder / "app.db").exists()


@fixes("host-not-found")
def test_no_such_host(person: Person, ready: Toy) -> None:
    """getent finds no address either."""
    set_to(person, "database_url", '"postgresql+psycopg2://app@db.invalid:5432/shop"')
    person.fails(RUN, "host-not-found")
    assert person.type(person.printed("getent hosts")).code == 2
    set_to(person, "database_url", json.dumps(ready.url))
    person.follows("initdb run")


@fixes("connection-timeout")
def test_a_silent_host(person: Person, ready: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something takes the connection and says nothing."""
    monkeypatch.setattr(make, "CONNECT_TIMEOUT", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        set_to(person, "database_url", json.dumps(f"postgresql+psycopg2://app@127.0.0.1:{port}/shop"))
        person.fails(RUN, "connection-timeout")
        assert person.printed("nc -vz") == f"nc -vz -w 5 127.0.0.1 {port}"
    set_to(person, "database_url", json.dumps(ready.url))
    person.follows("initdb run")


@fixes("host-unreachable")
def test_no_way_to_the_host(person: Person, ready: Toy) -> None:
    """A network that this machine has no route to."""
    set_to(person, "database_url", '"postgresql+psycopg2://app@[2001:db8::1]:5432/shop?connect_timeout=2"')
    person.fails(RUN, "host-unreachable")
    assert person.printed("tracepath ") == "tracepath 2001:db8::1"
    set_to(person, "database_url", json.dumps(ready.url))
    person.follows("initdb run")


@fixes("tls-failed")
def test_a_server_without_tls(person: Person, server: PostgresServer, ready: Toy) -> None:
    """openssl gets no certificate; with another sslmode it is ready."""
    tcp = server.url(make_url(ready.url).database or "", tcp=True)
    set_to(person, "database_url", json.dumps(f"{tcp}?sslmode=require"))
    person.fails(RUN, "tls-failed")
    assert "no peer certificate" in person.shell(person.printed("openssl s_client")).output
    set_to(person, "database_url", json.dumps(f"{tcp}?sslmode=prefer"))
    person.follows("initdb run")


@contextlib.contextmanager
def _answering(message: bytes) -> Iterator[int]:
    """The port of a server that answers every connection with one message of PostgreSQL's protocol."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        while len(request := connection.recv(1024)) == 8:  # it asks for TLS
                            connection.sendall(b"N")
                        if request:
                            connection.sendall(message)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def _refusal(code: str, words: str) -> bytes:
    """ErrorResponse. Source: PostgreSQL manual, "Message Formats"."""
    fields = {"S": "FATAL", "V": "FATAL", "C": code, "M": words}
    body = b"".join(f"{kind}{text}".encode() + b"\0" for kind, text in fields.items())
    return b"E" + (len(body) + 5).to_bytes(4, "big") + body + b"\0"


@fixes("server-starting")
def test_a_server_that_starts(person: Person, ready: Toy) -> None:
    """It is waited for; then what is printed is typed."""
    with _answering(_refusal("57P03", "the database system is starting up")) as port:
        set_to(person, "database_url", json.dumps(f"postgresql+psycopg2://app@127.0.0.1:{port}/shop"))
        person.fails(RUN, "server-starting")
    set_to(person, "database_url", json.dumps(ready.url))
    person.follows("initdb run")


@fixes("connection-failed")
def test_a_server_that_says_no_more(person: Person, ready: Toy) -> None:
    """psql gets the same message."""
    with _answering(_refusal("08004", "not today")) as port:
        set_to(person, "database_url", json.dumps(f"postgresql+psycopg2://app@127.0.0.1:{port}/shop"))
        person.fails(RUN, "connection-failed")
        assert "not today" in person.shell(person.printed("psql ")).output
    set_to(person, "database_url", json.dumps(ready.url))
    person.follows("initdb run")
