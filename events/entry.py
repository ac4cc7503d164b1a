"""One entry of the journal, as written and as read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from initdb.events import chain
from initdb.events.canonical import decode, encode
from initdb.events.upcast import CURRENT, upcast

COLUMNS = ("seq", "run", "at", "type", "source", "dest", "event", "prev_hash", "hash")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its place in the chain; `text` is what is stored and hashed."""

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
        """The row to insert: the event's text and the columns that index it."""
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
    """Who writes, when, in which run and attempt: what every event of a run has in common."""

    run: str
    at: str
    attempt: int
    by: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What the machine made of a trigger: event type, trigger, state left and state reached."""

    type: str
    trigger: str
    source: str
    dest: str


def write(prev_seq: int, prev_hash: str, moment: Moment, turn: Turn, data: Mapping[str, Any]) -> Entry:
    """The entry that follows (`prev_seq`, `prev_hash`); building it cannot fail, whatever `data` holds."""
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
    """The entry that a stored text says, an older version of an event brought up to date.

    Raises ValueError where the text is no event: not text, not JSON, not an object, or without a type.
    """
    if not isinstance(text, str):
        raise ValueError(f"the event is not text, but {type(text).__name__}")
    event = decode(text)
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise ValueError("it is JSON, but not an event")
    event = upcast(event)
    return Entry(
        seq=seq,
        run=str(event.get("run", "")),
        at=str(event.get("at", "")),
        type=event["type"],
        trigger=str(event.get("trigger", "")),
        source=str(event.get("source", "")),
        dest=str(event.get("dest", "")),
        attempt=_number(event.get("attempt"), 1),
        by=_mapping(event.get("by")),
        data=_mapping(event.get("data")),
        text=text,
        prev_hash=prev_hash,
        hash=digest,
        v=_number(event.get("v", 1), CURRENT + 1),
    )


def _number(value: object, otherwise: int) -> int:
    """A newer version may say it in another way: reading goes on."""
    return value if isinstance(value, int) else otherwise


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
