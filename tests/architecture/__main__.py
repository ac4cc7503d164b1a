"""Draws the pictures in docs/architecture.md: `python -m tests.architecture`."""

from __future__ import annotations

from tests.architecture.contract import contracts, imports
from tests.architecture.picture import DOCUMENT, written

DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8"), contracts(), imports()), encoding="utf-8")
