"""Reads the rows of a YAML file from the parser's events, so that memory does not grow with the file.

The values are those of `yaml.safe_load`. What needs more than one row, such as an anchor, is left to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from initdb.steps.seeds.row_values import Value

if TYPE_CHECKING:
    pass

_REMEMBERED = 10_000
"""So many texts are remembered with their values."""


class Unusual(Exception):
    """The file has an anchor, an alias, a tag, a merge key, or the like."""


def yaml_members(file: TextIO) -> Iterator[tuple[str | None, Value | Iterator[Value]]]:
    """The members of a document: of a mapping each one, of anything else itself, under None.

    A list of rows is an iterator. It must be exhausted before the next member is asked for.

    Args:
        file: The document.

    Raises:
        Unusual: `yaml.safe_load` must read the file.
        ImportError: PyYAML is not installed.
        yaml.YAMLError: It is not YAML.
        ValueError: A value cannot be made, such as the 30th of February.
    """
    import yaml

    events = _Events(getattr(yaml, "CSafeLoader", yaml.SafeLoader)(file), yaml)
    events.next(yaml.StreamStartEvent)
    if isinstance(events.any(), yaml.StreamEndEvent):
        return
    first = events.any()
    if isinstance(first, yaml.SequenceStartEvent):
        yield None, events.items(first)
    elif isinstance(first, yaml.MappingStartEvent):
        events.refuse_marked(first)
        listed: bool | None = None
        while not isinstance(key := events.any(), yaml.MappingEndEvent):
            name, value = events.key(key), events.any()
            listed = name == "rows" and isinstance(value, yaml.SequenceStartEvent)
            yield str(name), events.items(value) if listed else events.value(value)
        if listed is None:
            yield None, {}
    else:
        yield None, events.value(first)
    events.next(yaml.DocumentEndEvent)
    events.next(yaml.StreamEndEvent)


class _Events:
    """The events of one file, and the values that they make."""

    def __init__(self, loader: Value, library: Value) -> None:
        self._loader, self._yaml = loader, library
        self.any = loader.get_event
        self._known: dict[str, Value] = {}

    def next(self, kind: type) -> None:
        """Go past an event of a kind."""
        if not isinstance(self.any(), kind):
            raise Unusual

    def refuse_marked(self, event: Value) -> None:
        """Refuse an anchor or a tag."""
        if event.anchor is not None or event.tag is not None:
            raise Unusual

    def items(self, event: Value) -> Iterator[Value]:
        """The items of a sequence that has begun."""
        self.refuse_marked(event)
        end, take, value = self._yaml.SequenceEndEvent, self.any, self.value
        while type(found := take()) is not end:
            yield value(found)

    def value(self, event: Value) -> Value:
        """The value that an event is, or begins."""
        library = self._yaml
        kind = type(event)
        if kind is library.AliasEvent:
            raise Unusual
        self.refuse_marked(event)
        if kind is library.ScalarEvent:
            return self._scalar(event)
        if kind is library.SequenceStartEvent:
            return list(self.items(event))
        made, end, take = {}, library.MappingEndEvent, self.any
        while type(found := take()) is not end:
            key = self.key(found)
            made[key] = self.value(take())
        return made

    def key(self, event: Value) -> Value:
        """The key that an event is."""
        if type(event) is not self._yaml.ScalarEvent:
            raise Unusual
        self.refuse_marked(event)
        return self._scalar(event)

    def _scalar(self, event: Value) -> Value:
        text = event.value
        if not event.implicit[0]:
            return text
        known = self._known
        if text in known:
            return known[text]
        if len(known) >= _REMEMBERED:
            known.clear()
        made = known[text] = self._resolved(text)
        return made

    def _resolved(self, text: str) -> Value:
        loader, node = self._loader, self._yaml.ScalarNode
        tag = loader.resolve(node, text, (True, False))
        if tag == loader.DEFAULT_SCALAR_TAG:
            return text
        if tag not in _SIMPLE:
            raise Unusual
        return loader.yaml_constructors[tag](loader, node(tag, text))


_SIMPLE = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "timestamp"))
