"""One entry of the journal, as it is written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from initdb.events import chain
from initdb.events.canonical import decode, encode
from initdb.events.upcast import CURRENT, Event, upcast

UNREADABLE = "unreadable"
"""The type of an entry that is no event. Nothing follows from it, but the next entry."""

COLUMNS = ("seq", "run", "at", "type", "source", "dest", "event", "prev_hash", "hash")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its place in the chain.

    Attributes:
        seq: Its number, from 1.
        run: The id of the run.
        at: When it was written, in UTC.
        type: The type of the event.
        trigger: What the machine was asked for.
        source: The state before it.
        dest: The state after it.
        attempt: Which attempt of the run's code it is.
        by: The process that wrote it.
        data: What the event says; see `initdb.events.payloads`.
        text: The canonical text, which is stored and hashed.
        prev_hash: The hash of the entry before it.
        hash: Its own hash.
        v: The version of the event's form.
    """

    seq: int
    run: str
    at: str
    type: str
    trigger: str
    source: str
    dest: str
    attempt: int
    by: Mapping[str, Any]
    data: Mapping[str, Any]
    text: str
    prev_hash: str
    hash: str
    v: int = CURRENT

    def columns(self) -> dict[str, Any]:
        """The row to insert: the text, and the columns that index it."""
        return {
            "seq": self.seq,
            "run": self.run,
            "at": self.at,
            "type": self.type,
            "source": self.source,
            "dest": self.dest,
            "event": self.text,
            "prev_hash": self.prev_hash,
            "hash": self.hash,
        }


@dataclass(frozen=True, slots=True)
class Moment:
    """What all events of a unit have in common: the run, the time, the attempt, and the process."""

    run: str
    at: str
    attempt: int
    by: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the machine makes of an event: its type, the trigger, the state before and the state after."""

    type: str
    trigger: str
    source: str
    dest: str


def write(prev_seq: int, prev_hash: str, moment: Moment, turn: Turn, data: Mapping[str, Any]) -> Entry:
    """Make the entry that follows another one. It cannot fail, whatever `data` contains.

    Args:
        prev_seq: The number of the entry before; 0 if there is none.
        prev_hash: The hash of the entry before; `chain.GENESIS` if there is none.
        moment: Who writes it, and when.
        turn: What the machine makes of it.
        data: What the event says.
    """
    seq = prev_seq + 1
    event = {
        "seq": seq,
        "run": moment.run,
        "type": turn.type,
        "v": CURRENT,
        "at": moment.at,
        "trigger": turn.trigger,
        "source": turn.source,
        "dest": turn.dest,
        "attempt": moment.attempt,
        "by": moment.by,
        "data": data,
    }
    text = encode(event)
    return parse(seq, text, prev_hash, chain.link(prev_hash, text))


def parse(seq: int, text: str, prev_hash: str, digest: str) -> Entry:
    """Read an entry. An event of an older version is converted to the current one.

    Args:
        seq: Its number.
        text: The stored text.
        prev_hash: The hash of the entry before.
        digest: Its own hash.

    Raises:
        ValueError: The text is no event: not text, not JSON, not an object, or without a type.
    """
    if not isinstance(text, str):
        raise ValueError(f"the event is not text, but {type(text).__name__}")
    event = decode(text)
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise ValueError("it is JSON, but not an event")
    return decoded(event, seq, text, prev_hash, digest)


def decoded(event: Event, seq: int, text: str, prev_hash: str, digest: str) -> Entry:
    """The entry of an event that was decoded. An event of an older version is converted to the current one.

    Args:
        event: The event, whose type is a text.
        seq: Its number.
        text: The stored text.
        prev_hash: The hash of the entry before.
        digest: Its own hash.
    """
    event = upcast(event)
    get = event.get
    # By place: with the names it takes twice as long, and a long journal has many entries.
    return Entry(
        seq,
        str(get("run", "")),
        str(get("at", "")),
        event["type"],
        str(get("trigger", "")),
        str(get("source", "")),
        str(get("dest", "")),
        _number(get("attempt"), 1),
        _mapping(get("by")),
        _mapping(get("data")),
        text,
        prev_hash,
        digest,
        _number(get("v", 1), CURRENT + 1),
    )


def read(seq: int, text: object, prev_hash: str, digest: str) -> Entry:
    """Read an entry, also if it is no event.

    Args:
        seq: Its number.
        text: The stored text.
        prev_hash: The hash of the entry before.
        digest: Its own hash.

    Returns:
        The entry; of the type `UNREADABLE`, with the reason in its data, if it is no event.
    """
    try:
        return parse(seq, text, prev_hash, digest)  # type: ignore[arg-type]
    except ValueError as error:
        said = {"why": str(error)}
        raw = text if isinstance(text, str) else repr(text)
        return Entry(seq, "", "", UNREADABLE, "", "", "", 1, {}, said, raw, prev_hash, digest)


def is_sound(entry: Entry) -> bool:
    """Whether the text of an entry gives its hash. If not, it was edited, or a wrong hash was written."""
    return entry.text.isascii() and chain.link(entry.prev_hash, entry.text) == entry.hash


def _number(value: object, otherwise: int) -> int:
    """A number. A newer version may write something else, which is replaced."""
    return value if isinstance(value, int) else otherwise


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
