"""Compares types of columns: does one hold all values of the other, does PostgreSQL rewrite the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from initdb.steps.effects.tokens import Token, statements

_SPELLINGS = {
    "INT2": "SMALLINT",
    "SMALLSERIAL": "SMALLINT",
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "SERIAL": "INTEGER",
    "INT8": "BIGINT",
    "BIGSERIAL": "BIGINT",
    "DECIMAL": "NUMERIC",
    "FLOAT4": "REAL",
    "FLOAT8": "DOUBLE PRECISION",
    "FLOAT": "DOUBLE PRECISION",
    "CHARACTER VARYING": "VARCHAR",
    "CHARACTER": "CHAR",
    "BPCHAR": "CHAR",
    "BOOL": "BOOLEAN",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
    "TIME WITHOUT TIME ZONE": "TIME",
    "TIMETZ": "TIME WITH TIME ZONE",
}
_TAIL = frozenset(
    [
        "COLLATE",
        "USING",
        "NOT",
        "NULL",
        "DEFAULT",
        "CONSTRAINT",
        "PRIMARY",
        "UNIQUE",
        "REFERENCES",
        "CHECK",
        "GENERATED",
    ]
)
"""The words after a type."""

_WHOLE = ("SMALLINT", "INTEGER", "BIGINT")
_TEXTS = frozenset({"TEXT", "VARCHAR", "CHAR", "CITEXT"})
_WIDER = frozenset(
    {
        ("REAL", "DOUBLE PRECISION"),
        *((whole, wide) for whole in _WHOLE for wide in ("NUMERIC", "DOUBLE PRECISION", "REAL")),
        ("REAL", "NUMERIC"),
        ("DOUBLE PRECISION", "NUMERIC"),
        ("DATE", "TIMESTAMP"),
        ("DATE", "TIMESTAMP WITH TIME ZONE"),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
        ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP"),
        ("TIME", "TIME WITH TIME ZONE"),
        ("JSON", "JSONB"),
        ("JSONB", "JSON"),
        ("CIDR", "INET"),
    }
)
"""Pairs of a type and one that takes all its values."""

_LIMITED = frozenset(
    {"VARCHAR", "VARBIT", "BIT VARYING", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIME", "INTERVAL"}
)
"""Types whose limit can be raised without rewriting a row."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type with its limits, such as `numeric(10, 2)`.

    Attributes:
        name: In capitals, in its usual spelling.
        limits: The numbers between the parentheses.
        array: Whether it is an array of it.
    """

    name: str
    limits: tuple[int, ...] = ()
    array: bool = False

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> ColumnType:
        """Read a type from the beginning of some tokens.

        Args:
            tokens: Of a column, after its name.
        """
        words: list[str] = []
        limits: list[int] = []
        depth, array = 0, False
        for token in tokens:
            depth += {"(": 1, ")": -1}.get(token.word, 0)
            if depth:
                limits += [int(token.text)] if token.kind == "number" and token.text.isdigit() else []
            elif token.word in _TAIL:
                break
            elif token.word == "[":
                array = True
            elif token.identifier is not None:
                words.append(token.identifier.upper())
        name = " ".join(words)
        return cls(_SPELLINGS.get(name, name), tuple(limits), array)

    @classmethod
    def read(cls, text: str) -> ColumnType:
        """Read a type from its text.

        >>> ColumnType.read("character varying(40)")
        ColumnType(name='VARCHAR', limits=(40,), array=False)
        """
        return cls.of(next(statements(text), ()))


def narrows(old: ColumnType, new: ColumnType) -> bool:
    """Whether the old type has values that the new one cannot hold.

    Args:
        old: The type of the column.
        new: The type that it gets.

    >>> narrows(ColumnType.read("text"), ColumnType.read("varchar(20)"))
    True
    >>> narrows(ColumnType.read("integer"), ColumnType.read("bigint"))
    False
    """
    if old.array != new.array:
        return True
    if new.name in _TEXTS:
        return bool(new.limits or new.name == "CHAR") and not _fits(old, new)
    if old.name == new.name:
        return not _fits(old, new)
    if old.name in _WHOLE and new.name in _WHOLE:
        return _WHOLE.index(new.name) < _WHOLE.index(old.name)
    return (old.name, new.name) not in _WIDER or (new.name == "NUMERIC" and bool(new.limits))


def _fits(old: ColumnType, new: ColumnType) -> bool:
    """Whether the limits of the new type are not below those of the old one."""
    if not new.limits and new.name != "CHAR":
        return True
    if new.name == "NUMERIC":
        return bool(old.limits) and _digits(new) >= _digits(old) and _scale(new) >= _scale(old)
    if old.name not in _TEXTS and new.name in _TEXTS:
        return False
    return (old.name == "CHAR" or bool(old.limits)) and _limit(new) >= _limit(old)


def _limit(one: ColumnType) -> int:
    return one.limits[0] if one.limits else 1


def _scale(one: ColumnType) -> int:
    return one.limits[1] if len(one.limits) > 1 else 0


def _digits(one: ColumnType) -> int:
    return one.limits[0] - _scale(one)


def rewrites(old: ColumnType | None, new: ColumnType) -> bool:
    """Whether PostgreSQL writes every row anew for the change.

    Args:
        old: The type of the column; None if it is not known.
        new: The type that it gets.
    """
    if old == new:
        return False
    if old is None or old.array or new.array:
        return True
    unlimited = not new.limits and new.name in ("TEXT", "VARCHAR")
    if old.name in ("TEXT", "VARCHAR") and unlimited:
        return False
    if old.name != new.name:
        return (old.name, new.name) != ("CIDR", "INET")
    if new.name == "NUMERIC":
        return bool(new.limits) and not (_fits(old, new) and _scale(old) == _scale(new))
    return not (new.name in _LIMITED and _fits(old, new))
