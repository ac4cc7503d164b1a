"""Lets a boot log in to a server, unless that has just refused the same credentials."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from initdb.errors import InitError
from initdb.errors.redact import url_text
from initdb.events.refused_logins import Refusals, RefusedLogins, credentials_of
from initdb.statemachine.loop.order import Order
from initdb.statemachine.site import Site
from initdb.steps import connect


@contextlib.contextmanager
def login(site: Site, order: Order) -> Iterator[None]:
    """Let the block log in, unless it is too early. What a person orders is done at once.

    Args:
        site: The application and its database.
        order: What a person asked for.

    Raises:
        InitError: `login-paused`; what the block raises.
    """
    logins = _logins(site)
    if logins is None:
        yield
        return
    url, engine = site.engine.url, site.engine
    sent = credentials_of(url.render_as_string(hide_password=False), os.environ.get, _text)
    now = site.clock.now().timestamp()
    if not order.asks:
        _refuse_early(site, logins.of(sent), now)
    try:
        yield
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error, InitError) as error:
        if connect.refused(engine, error).reference == "authentication-failed":
            logins.refused(sent, now)
        raise
    logins.forget()


def _logins(site: Site) -> RefusedLogins | None:
    """What is remembered of a server; None where there is none, or where the settings want no pause."""
    if site.engine.dialect.name != "postgresql" or not site.settings.login_pause:
        return None
    return RefusedLogins.at(url_text(site.engine.url))


def _refuse_early(site: Site, found: Refusals | None, now: float) -> None:
    """Refuse to try credentials again before their time.

    Raises:
        InitError: `login-paused`.
    """
    if found is None:
        return
    until = found.until(site.settings.login_pause, site.settings.login_pause_limit)
    # A clock that was set back must not make the pause longer.
    if found.last <= now < until:
        raise InitError(
            "login-paused",
            f"{url_text(site.engine.url)} refused them {found.tries} times, the last time {_at(found.last)}",
            f"The next boot that tries them is one after {_at(until)}, in {until - now:.0f} s",
            database="postgresql",
            names=connect.names(site.engine),
        )


def _at(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _text(file: Path) -> str:
    with contextlib.suppress(OSError), file.open("rb") as content:
        return content.read(65_536).decode("latin-1")
    return ""
