"""What an application answers while its database is not ready: 503, and the reason."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from initdb.errors import Rendered

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RETRY_AFTER = 10
"""Seconds between two looks at the database. Clients get the number in Retry-After (RFC 9110)."""

Look = Callable[[], Rendered | None]
"""Looks at the database without writing, and says why it is not ready; None if it is ready."""


class Unavailable:
    """A WSGI application in front of another, which gets no request while the database is not ready.

    Every `RETRY_AFTER` seconds one request looks at the database. So a replica serves soon after another
    process, or a person, has made the database ready. A request never works on the database.

    Args:
        application: The one behind.
        reason: Why the database is not ready.
        look: Looks again.
        clock: Gives seconds.
    """

    def __init__(
        self,
        application: WSGIApplication,
        reason: Rendered,
        look: Look,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application, self._reason, self._look, self._clock = application, reason, look, clock
        self._looked, self._turn, self._ready = clock(), threading.Lock(), False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer 503, or pass the request on."""
        if not self._ready and self._clock() - self._looked >= RETRY_AFTER:
            self._look_again()
        if self._ready:
            return self._application(environ, start_response)
        return answer(Request(environ), self._reason)(environ, start_response)

    def _look_again(self) -> None:
        if not self._turn.acquire(blocking=False):
            return
        try:
            with contextlib.suppress(Exception):  # whatever happened, the answer stays 503 and is no 500
                reason = self._look()
                self._ready, self._reason = reason is None, reason or self._reason
        finally:
            self._looked = self._clock()
            self._turn.release()


def answer(request: Request, reason: Rendered) -> Response:
    """Reference and message, as JSON if the client prefers it. The particulars are only in the log."""
    said = {"status": 503, "reference": reason.reference, "message": reason.message}
    best = request.accept_mimetypes.best_match(["text/plain", "application/json"], "text/plain")
    if best == "application/json":
        body = json.dumps(said) + "\n"
    else:
        body = f"503 Service Unavailable: {reason.reference}\n\n{reason.message}\n"
    headers = {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"}
    return Response(body, 503, headers, mimetype=best)
