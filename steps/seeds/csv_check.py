"""Checks the form of a CSV file as a whole, without making rows of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO, TextIOWrapper
from itertools import chain, islice
from pathlib import Path

from initdb.steps.seeds.csv_rows import PIECE, Text, csv_rows, is_plain, opened


def check_csv(name: str, path: Path) -> None:
    """Check the form of a whole file: its encoding, its quotes, and that every row has its width.

    Args:
        name: What messages call the file.
        path: The file.

    Raises:
        InitError: `seed-file-unreadable`.
    """
    with opened(name, path) as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
        if _is_regular(file):
            return
    for _ in csv_rows(name, path):
        pass


def _is_regular(file: TextIOWrapper) -> bool:
    """Whether all records have the same width."""
    text, width = Text(file), 0
    while block := text.take():
        text.taken.clear()
        width = width or block.partition("\n")[0].count(",") + 1
        if not is_plain(block, width):
            break
    found = filter(None, csv.reader(chain(StringIO(block, newline=""), _lines(text)), strict=True))
    try:
        while piece := list(islice(found, PIECE)):
            width = width or len(piece[0])
            if set(map(len, piece)) != {width}:
                return False
    except csv.Error:
        return False
    return True


def _lines(text: Text) -> Iterator[str]:
    while block := text.take():
        text.taken.clear()
        yield from StringIO(block, newline="")
