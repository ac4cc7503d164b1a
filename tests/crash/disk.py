"""A model of a file system under one folder: what a kill, a torn write and a power cut leave of it.

Two images are kept. What a *kill* leaves is every call so far. What a *power cut* leaves is what was
synced, and of the rest any part: a sync of a file makes its own writes durable, and every creation and
removal of a name before it (the journal of a file system is ordered); where a creation is lost, later
writes to that file are lost with it.

Source: Pillai et al., All File Systems Are Not Created Equal (OSDI 2014); the crash simulator of SQLite
(test6.c).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

SECTOR = 512
"""Bytes that are written as a whole or not at all."""

Image = dict[str, bytes]
"""Name → content."""

TOLD = "told"
"""The kind of a call that changes nothing: the process writes down, in `data`, what it knows is committed."""


@dataclass(frozen=True, slots=True)
class Call:
    """A system call: create, write, truncate, unlink or sync of the file `name`; a folder's sync has none."""

    kind: str
    name: str
    offset: int = 0
    data: bytes = b""

    @property
    def label(self) -> str:
        """`write test.db 4096+4096`."""
        return f"{self.kind} {self.name or 'folder'}" + (
            f" {self.offset}+{len(self.data)}" if self.kind == "write" else ""
        )


@dataclass(slots=True)
class _File:
    """One inode: all that was written, and of it what is durable and what waits for a sync."""

    content: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    waiting: list[Call] = field(default_factory=list)


class Disk:
    """Replays calls. `heeds_syncs` false: a disk that says done and has not written (synchronous=OFF)."""

    def __init__(self, start: Image, heeds_syncs: bool = True) -> None:
        self._heeds = heeds_syncs
        self._names = {name: _File(bytearray(data), bytearray(data)) for name, data in start.items()}
        self._durable_names = dict(self._names)
        self._waiting_names: list[tuple[str, _File | None]] = []

    def do(self, call: Call) -> None:
        """One call more."""
        if call.kind == "sync":
            self._sync(call.name)
        elif call.kind == "unlink":
            self._names.pop(call.name, None)
            self._waiting_names.append((call.name, None))
        else:
            if call.name not in self._names:
                self._names[call.name] = made = _File()
                self._waiting_names.append((call.name, made))
            if call.kind != "create":
                file = self._names[call.name]
                _apply(file.content, call)
                file.waiting.append(call)

    def _sync(self, name: str) -> None:
        if not self._heeds:
            return
        for changed, file in self._waiting_names:
            _rename(self._durable_names, changed, file)
        self._waiting_names.clear()
        synced = self._names.get(name)
        if synced is not None:
            for call in synced.waiting:
                _apply(synced.durable, call)
            synced.waiting.clear()

    def killed(self) -> Image:
        """After a kill between two calls."""
        return {name: bytes(file.content) for name, file in self._names.items()}

    def torn(self, call: Call) -> Image:
        """After a kill in the middle of the write `call`, which has not been done yet."""
        half = Call(call.kind, call.name, call.offset, call.data[: len(call.data) // 2])
        image = {name: bytearray(file.content) for name, file in self._names.items()}
        _apply(image.setdefault(call.name, bytearray()), half)
        return {name: bytes(content) for name, content in image.items()}

    def unplugged(self, how: str, chance: random.Random) -> Image:
        """After a power cut: `nothing` of what waits, the `last` write alone, or `some` at random."""
        names = dict(self._durable_names)
        kept = {"nothing": 0, "last": len(self._waiting_names)}.get(how)
        if kept is None:
            kept = chance.randint(0, len(self._waiting_names))
        for name, file in self._waiting_names[:kept]:
            _rename(names, name, file)
        return {name: _survived(file, how, chance) for name, file in names.items()}


def _survived(file: _File, how: str, chance: random.Random) -> bytes:
    content = bytearray(file.durable)
    if how == "last":
        chosen: Iterable[Call] = file.waiting[-1:]
    elif how == "some":
        chosen = [_cut(call, chance) for call in file.waiting if chance.random() < 0.5]
    else:
        chosen = ()
    for call in chosen:
        _apply(content, call)
    return bytes(content)


def _cut(call: Call, chance: random.Random) -> Call:
    """One write in five ends at the boundary of a sector."""
    if call.kind != "write" or len(call.data) <= SECTOR or chance.random() > 0.2:
        return call
    sectors = chance.randrange(1, -(-len(call.data) // SECTOR))
    return Call(call.kind, call.name, call.offset, call.data[: sectors * SECTOR])


def _rename(names: dict[str, _File], name: str, file: _File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _apply(content: bytearray, call: Call) -> None:
    if call.kind == "truncate":
        size = call.offset
        del content[size:]
        content.extend(bytes(size - len(content)))
    elif call.kind == "write":
        end = call.offset + len(call.data)
        content.extend(bytes(max(0, end - len(content))))
        content[call.offset : end] = call.data
