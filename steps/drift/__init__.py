"""Where a database differs from models, and how grave each difference is."""

from __future__ import annotations

from initdb.steps.drift.compare import compare
from initdb.steps.drift.issue import SEVERITIES, Issue, Severity, defects, worst

__all__ = ["SEVERITIES", "Issue", "Severity", "compare", "defects", "worst"]
