"""The system calls of SQLite, taken over in this process: the library's own pointers to libc's functions.

SQLite calls `pwrite64`, `fdatasync`, `ftruncate64`, `unlink`, `open64` and `pread64` through pointers that
the dynamic linker has filled in. They are found in the library's table of relocations and set to functions of
Python, so that no compiler, no preloaded library and no tracer is needed. For a child that lives for one run.

Source: System V ABI, AMD64 supplement, and ELF for the Arm 64-bit architecture, on relocation.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import functools
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DYNAMIC, _LOAD = 2, 1
_STRTAB, _SYMTAB, _RELA, _RELASZ, _JMPREL, _PLTRELSZ = 5, 6, 7, 8, 23, 2

_INT, _LONG, _SIZE, _POINTER, _TEXT = (
    ctypes.c_int,
    ctypes.c_int64,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_char_p,
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of libc by its kind, the names under which it is called, and its prototype."""

    kind: str
    names: tuple[str, ...]
    prototype: Any


def _prototype(result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *arguments, use_errno=True)


FUNCTIONS = (
    Function("write", ("pwrite64", "pwrite"), _prototype(_LONG, _INT, _POINTER, _SIZE, _LONG)),
    Function("read", ("pread64", "pread"), _prototype(_LONG, _INT, _POINTER, _SIZE, _LONG)),
    Function("sync", ("fdatasync", "fsync"), _prototype(_INT, _INT)),
    Function("truncate", ("ftruncate64", "ftruncate"), _prototype(_INT, _INT, _LONG)),
    Function("unlink", ("unlink",), _prototype(_INT, _TEXT)),
    Function("open", ("open64", "open"), _prototype(_INT, _TEXT, _INT, _INT)),
)

Hook = Callable[[str, Callable[..., int], tuple[Any, ...]], int]
"""Called in the place of a function: its kind, the real one, its arguments; gives what it returns."""

_kept: list[Any] = []
"""What libc's callers point to must not be collected."""


def prepare() -> None:
    """Find the pointers once, before children are forked that take them over."""
    _slots()


def take_over(hook: Hook) -> None:
    """Let every such call of SQLite in this process go through `hook`, for good.

    Raises RuntimeError where a function cannot be found: a layer that needs them would prove nothing.
    """
    slots = _slots()
    for function in FUNCTIONS:
        places = [place for name in function.names for place in slots.get(name, ())]
        if not places:
            raise RuntimeError(f"SQLite's calls to {function.names[0]} are not to be found in its library")
        for place in places:
            _set(place, function, hook)


def fail(number: int) -> int:
    """What a failed call returns, once it has set errno."""
    ctypes.set_errno(number)
    return -1


def _set(place: int, function: Function, hook: Hook) -> None:
    here = ctypes.c_void_p.from_address(place)
    real = function.prototype(here.value)

    def called(*arguments: Any) -> int:
        return hook(function.kind, real, arguments)

    mine = function.prototype(called)
    _kept.extend((real, mine))
    page = place & -mmap.PAGESIZE
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(page), _SIZE(place + 8 - page), mmap.PROT_READ | mmap.PROT_WRITE):
        raise RuntimeError(f"the page cannot be written: {os.strerror(ctypes.get_errno())}")
    here.value = ctypes.cast(mine, ctypes.c_void_p).value


@functools.cache
def _slots() -> dict[str, list[int]]:
    """Name → where the addresses of functions of that name stand in this process."""
    wanted = {name for function in FUNCTIONS for name in function.names}
    path, base = _library()
    found: dict[str, list[int]] = {}
    for name, offset in _relocations(path.read_bytes()):
        if name in wanted:
            found.setdefault(name, []).append(base + offset)
    return found


def _library() -> tuple[Path, int]:
    """The file that holds SQLite, and where it lies in this process: a library, or the module itself."""
    module = Path(str(_sqlite3.__file__)).name
    mapped = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    files = [words for words in mapped if len(words) > 5 and words[2] == "00000000"]
    for wanted in ("libsqlite3", module):
        for words in files:
            if Path(words[5]).name.startswith(wanted):
                return Path(words[5]), int(words[0].split("-")[0], 16)
    raise RuntimeError("SQLite's library is not mapped in this process")


def _relocations(elf: bytes) -> Iterator[tuple[str, int]]:
    """Symbol and offset of every relocation that has a symbol, of a 64-bit little-endian library."""
    if elf[:6] != b"\x7fELF\x02\x01":
        raise RuntimeError("SQLite's library is no 64-bit little-endian ELF file")
    (start,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", elf, start + size * n) for n in range(count)]

    def at(address: int) -> int:
        """Where an address of memory lies in the file."""
        for kind, _, offset, virtual, _, held, _, _ in headers:
            if kind == _LOAD and virtual <= address < virtual + held:
                return int(offset + address - virtual)
        raise RuntimeError("SQLite's library cannot be read")

    dynamic = next(header for header in headers if header[0] == _DYNAMIC)
    tags = dict(struct.iter_unpack("<QQ", elf[dynamic[2] : dynamic[2] + dynamic[5]]))
    strings, symbols = at(tags[_STRTAB]), at(tags[_SYMTAB])
    for table, length in ((_RELA, _RELASZ), (_JMPREL, _PLTRELSZ)):
        if table not in tags:
            continue
        begin = at(tags[table])
        for offset, info, _ in struct.iter_unpack("<QQq", elf[begin : begin + tags[length]]):
            if symbol := info >> 32:
                (name,) = struct.unpack_from("<I", elf, symbols + 24 * symbol)
                end = elf.index(b"\0", strings + name)
                yield elf[strings + name : end].decode(), int(offset)
