"""Drift: where a database differs from the models, and how severe each difference is."""

from __future__ import annotations

from initdb.steps.catalog.issue import SEVERITIES, Issue, Severity, defects, worst
from initdb.steps.drift.compare import compare, is_left_out

__all__ = ["SEVERITIES", "Issue", "Severity", "compare", "defects", "is_left_out", "worst"]
