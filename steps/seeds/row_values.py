"""What the types of many values at once are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""A value of a row: of the source, of a driver, or as COPY writes it."""

Values: TypeAlias = Sequence[Value]
"""The values of one column, one for each row."""

Columns: TypeAlias = Sequence[Values]
"""The values of some rows, column by column."""
