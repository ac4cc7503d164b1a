"""A proxy before PostgreSQL that cuts a connection at one message: before the server has it, or after.

It knows the protocol so far as to find the queries (`Q` messages, which psycopg2 sends) and leaves TLS out.
Cut *before*, the message never reaches the server; cut *after*, the server's answer has arrived here and is
not passed on. Cut *late*, the message stays in the wire while the client looks again, and arrives after that.
The client cannot tell one from the other. *Dark*, nobody tells it anything: as where the server's host dies.
"""

from __future__ import annotations

import ctypes
import selectors
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.crash import children
from tests.crash.children import Child

When = Literal["before", "after", "late", "dark"]

LATE = 0.5
"""How long, in s, a late message is on its way: longer than the client needs to come back and look."""

_STARTUP = 196608
_NO = b"N"
_RESET = struct.pack("ii", 1, 0)

_SO_ATTACH_FILTER = 26
_DROP = struct.pack("HBBI", 0x06, 0, 0, 0)
"""A program of one instruction, "return 0": no packet comes in, and so none is answered by this kernel
(https://docs.kernel.org/networking/filter.html)."""


@dataclass(frozen=True, slots=True)
class Cut:
    """At which message, counted over all connections, and when. `commits`: only those are counted."""

    number: int
    when: When
    commits: bool


@dataclass(slots=True)
class Proxy:
    """A proxy process. `port` is where it listens; close() ends it and gives what went by."""

    port: int
    _child: Child
    _control: socket.socket

    def close(self) -> tuple[list[str], bool]:
        """The statements that were counted, and whether the cut was made."""
        self._control.close()
        answer = self._child.wait().answer
        return answer["statements"], answer["cut"]


def start(server_port: int, cut: Cut) -> Proxy:
    """A proxy to 127.0.0.1:`server_port` that makes one cut."""
    listener = socket.create_server(("127.0.0.1", 0))
    here, there = socket.socketpair()

    def serve() -> dict[str, Any]:
        here.close()
        return _Serving(listener, there, server_port, cut).run()

    child = children.fork(serve)
    port = listener.getsockname()[1]
    listener.close()
    there.close()
    return Proxy(port, child, here)


@dataclass(slots=True)
class _Pair:
    """One client and its server; `pending`: what has come from the client and is no whole message yet."""

    client: socket.socket
    server: socket.socket
    started: bool = False
    doomed: bool = False
    pending: bytes = field(default=b"", repr=False)


class _Serving:
    """The proxy itself, in its own process."""

    def __init__(self, listener: socket.socket, control: socket.socket, server_port: int, cut: Cut) -> None:
        self._listener, self._control, self._server_port, self._cut = listener, control, server_port, cut
        self._selector = selectors.DefaultSelector()
        self._statements: list[str] = []
        self._done = False
        self._late: tuple[float, _Pair, bytes] | None = None
        self._dark: list[socket.socket] = []

    def run(self) -> dict[str, Any]:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._control, selectors.EVENT_READ)
        while True:
            if self._late and time.monotonic() > self._late[0]:
                self._arrive()
            for key, _ in self._selector.select(LATE / 10 if self._late else None):
                if key.fileobj is self._control:
                    self._arrive()
                    return {"statements": self._statements, "cut": self._done}
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fd >= 0 and key.data is not None:
                    self._serve(key.data, key.fileobj)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._server_port))
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = _Pair(client, server)
        self._selector.register(client, selectors.EVENT_READ, pair)
        self._selector.register(server, selectors.EVENT_READ, pair)

    def _serve(self, pair: _Pair, source: Any) -> None:
        if source.fileno() < 0:
            return
        try:
            data = source.recv(65536)
            if not data:
                self._end(pair)
            elif source is pair.server:
                self._from_server(pair, data)
            else:
                self._from_client(pair, data)
        except OSError:
            self._end(pair)

    def _from_server(self, pair: _Pair, data: bytes) -> None:
        if pair.doomed:
            self._end(pair, reset=True)
        else:
            pair.client.sendall(data)

    def _from_client(self, pair: _Pair, data: bytes) -> None:
        pair.pending += data
        while (message := _message(pair)) is not None:
            if not pair.started:
                self._startup(pair, message)
            elif message[:1] == b"Q" and self._strikes(message):
                self._strike(pair, message)
                return
            else:
                pair.server.sendall(message)

    def _startup(self, pair: _Pair, message: bytes) -> None:
        (code,) = struct.unpack("!i", message[4:8])
        if code == _STARTUP:
            pair.started = True
            pair.server.sendall(message)
        elif len(message) == 8:
            pair.client.sendall(_NO)
        else:
            pair.server.sendall(message)

    def _strikes(self, message: bytes) -> bool:
        statement = message[5:-1].decode(errors="replace")
        if self._cut.commits and not statement.upper().startswith("COMMIT"):
            return False
        self._statements.append(statement[:100])
        return len(self._statements) == self._cut.number

    def _strike(self, pair: _Pair, message: bytes) -> None:
        self._done = True
        if self._cut.when == "before":
            self._end(pair, reset=True)
            return
        if self._cut.when == "dark":
            self._go_dark()
            return
        pair.doomed = True
        if self._cut.when == "after":
            pair.server.sendall(message)
            return
        self._close(pair.client, reset=True)
        self._late = (time.monotonic() + LATE, pair, message)

    def _go_dark(self) -> None:
        """The server loses its clients; they are told nothing, and their packets get no answer."""
        for one in {
            key.data.server: key.data for key in self._selector.get_map().values() if key.data
        }.values():
            self._close(one.server, reset=True)
            self._selector.unregister(one.client)
            program = ctypes.create_string_buffer(_DROP, len(_DROP))
            one.client.setsockopt(
                socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program))
            )
            self._dark.append(one.client)

    def _arrive(self) -> None:
        """What was late reaches the server; its answer ends the pair."""
        if self._late is not None:
            _, pair, message = self._late
            self._late = None
            pair.server.sendall(message)

    def _end(self, pair: _Pair, reset: bool = False) -> None:
        for one in (pair.client, pair.server):
            self._close(one, reset)

    def _close(self, one: socket.socket, reset: bool) -> None:
        if one.fileno() < 0:
            return
        self._selector.unregister(one)
        if reset:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.close()


def _message(pair: _Pair) -> bytes | None:
    """The next whole message; before the startup packet messages have no type byte."""
    head = 1 if pair.started else 0
    if len(pair.pending) < head + 4:
        return None
    (length,) = struct.unpack("!i", pair.pending[head : head + 4])
    if len(pair.pending) < head + length:
        return None
    message, pair.pending = pair.pending[: head + length], pair.pending[head + length :]
    return message
