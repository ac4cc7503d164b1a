"""An application whose database is not ready answers 503 until it is."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from werkzeug.test import Client

from initdb.errors import InitError, Rendered
from initdb.flask.unavailable import RETRY_AFTER, Unavailable

REASON = InitError("connection-refused", "host db.internal").rendered()
OTHER = InitError("pending-work").rendered()


class Looking:
    """A look whose answers are given, and a clock that is set."""

    def __init__(self, *answers: Rendered | Exception | None) -> None:
        self.answers, self.looks, self.now = list(answers), 0, 0.0

    def __call__(self) -> Rendered | None:
        self.looks += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def clock(self) -> float:
        return self.now


def client(look: Looking) -> Client:
    """A client of an application that would say hello."""
    app = Flask("shop")
    app.add_url_rule("/", view_func=lambda: "hello")
    return Client(Unavailable(app.wsgi_app, REASON, look, look.clock))


def test_the_database_is_looked_at_seldom_and_then_served() -> None:
    """Not before Retry-After is over; a new reason replaces the old one; once ready it is ready."""
    look = Looking(OTHER, None)
    web = client(look)
    assert [web.get("/").status_code for _ in range(5)] == [503] * 5
    assert look.looks == 0
    look.now += RETRY_AFTER
    assert "pending-work" in web.get("/").text
    assert "pending-work" in web.get("/").text
    assert look.looks == 1
    look.now += RETRY_AFTER
    assert [web.get("/").text for _ in range(3)] == ["hello"] * 3
    assert look.looks == 2


def test_particulars_are_not_for_the_public() -> None:
    """Reference and message, no context."""
    assert "db.internal" not in client(Looking()).get("/").text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/plain"),
        ("text/html;q=0.9, application/json", "application/json"),
        ("", "text/plain"),
    ],
)
def test_the_form_is_the_one_that_the_client_prefers(accept: str, expected: str) -> None:
    """JSON only where it is asked for."""
    assert client(Looking()).get("/", headers={"Accept": accept}).mimetype == expected


def test_a_look_that_raises_is_no_answer() -> None:
    """It is tried again after the same pause."""
    look = Looking(RuntimeError("no"), None)
    web = client(look)
    look.now += RETRY_AFTER
    assert web.get("/").status_code == 503
    assert web.get("/").status_code == 503
    look.now += RETRY_AFTER
    assert web.get("/").status_code == 200


def test_others_are_answered_while_one_looks() -> None:
    """A database that does not answer keeps one request waiting, not all."""
    looking, go_on = threading.Event(), threading.Event()

    class Slow(Looking):
        def __call__(self) -> Rendered | None:
            looking.set()
            go_on.wait(30)
            return None

    look = Slow()
    web = client(look)
    look.now += RETRY_AFTER
    thread = threading.Thread(target=web.get, args=("/",))
    thread.start()
    looking.wait(30)
    assert web.get("/").status_code == 503
    go_on.set()
    thread.join()
    assert web.get("/").status_code == 200
