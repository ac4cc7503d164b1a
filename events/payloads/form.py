"""The form of an event's payload: a frozen dataclass, stored as a JSON object and read back with care."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What an event of one type says. Each type has its own class; `type` is its name.

    If the name of a field is a keyword of Python, it has an underscore at its end, which is not stored.
    """

    type: ClassVar[str]

    def data(self) -> dict[str, object]:
        """The payload as the event stores it. A field that is None is left out."""
        return {
            stored: value
            for name, stored, *_ in _form(type(self))
            if (value := getattr(self, name)) is not None
        }

    @classmethod
    def read(cls, data: Mapping[str, object]) -> Self:
        """Read what a stored event says. It never raises: what is missing, or of another form, becomes empty.

        An entry may be of another version of initdb, or may have been edited.

        Args:
            data: The data of the event.
        """
        made, get = cls.__new__(cls), data.get
        # Set by their slots: the constructor of a frozen class takes three times as long.
        for _, stored, reads, puts in _form(cls):
            puts(made, reads(get(stored)))
        return made


Read = Callable[[object], object]


Form = tuple[tuple[str, str, Read, Callable[[object, object], None]], ...]
"""For each field its name, its name in the event, what reads it, and what sets it."""


def _form(kind: type[Payload]) -> Form:
    form = _FORMS.get(kind)
    if form is None:
        form = tuple(
            (one.name, one.name.rstrip("_"), _READ[str(one.type)], getattr(kind, one.name).__set__)
            for one in fields(kind)
        )
        _FORMS[kind] = form
    return form


_FORMS: dict[type[Payload], Form] = {}


def text(value: object) -> str | None:
    """A text; None for anything else."""
    return value if isinstance(value, str) else None


def names(value: object) -> tuple[str, ...]:
    """The texts of a list; none for anything else."""
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()


def mapping(value: object) -> Mapping[str, object]:
    """An object; an empty one for anything else."""
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def number(value: object) -> float | None:
    """A number; None for anything else, also for true and false."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def whole(value: object) -> int | None:
    """A whole number; None for anything else."""
    found = number(value)
    return None if found is None or not math.isfinite(found) else int(found)


def _objects(value: object) -> tuple[Mapping[str, object] | str, ...]:
    """The objects of a list; anything else in it as text."""
    items = value if isinstance(value, (list, tuple)) else ()
    return tuple(item if isinstance(item, Mapping) else str(item) for item in items)


def _pairs(value: object) -> Mapping[str, tuple[int, int]] | None:
    """The pairs of whole numbers in an object, each under its name."""
    if value is None:
        return None
    return {
        name: (whole(pair[0]) or 0, whole(pair[1]) or 0)
        for name, pair in mapping(value).items()
        if isinstance(pair, (list, tuple)) and len(pair) == 2
    }


_READ: Mapping[str, Read] = {
    "str": lambda value: "" if value is None else str(value),
    "str | None": text,
    "bool": bool,
    "bool | None": lambda value: value if isinstance(value, bool) else None,
    "int": lambda value: whole(value) or 0,
    "int | None": whole,
    "float": lambda value: number(value) or 0.0,
    "float | None": number,
    "tuple[str, ...]": names,
    "tuple[str, ...] | None": lambda value: None if value is None else names(value),
    "Mapping[str, object]": mapping,
    "Mapping[str, object] | None": lambda value: None if value is None else mapping(value),
    "Mapping[str, tuple[int, int]] | None": _pairs,
    "tuple[Mapping[str, object] | str, ...]": _objects,
}
"""The type of a field, as the class writes it → what reads a stored value."""
