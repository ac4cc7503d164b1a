"""Runs one env.py at a time, because Alembic keeps its context in globals of its modules."""

from __future__ import annotations

import threading

PROCESS = threading.Lock()
"""Held while an env.py or initdb's own scripts run."""
