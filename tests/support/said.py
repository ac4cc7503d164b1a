"""An event for the writer, given by its type and its data as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from initdb.events.payloads.form import Payload


def said(type: str, data: Mapping[str, Any] | None = None) -> Payload:
    """The event; also one that no payload of the product could say."""
    return _Said(type, data or {})


class _Said(Payload):
    def __init__(self, type: str, data: Mapping[str, Any]) -> None:
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "_data", dict(data))

    def data(self) -> dict[str, object]:
        return dict(self._data)
