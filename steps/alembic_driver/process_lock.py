"""One env.py at a time: Alembic keeps its context in the process's module globals."""

from __future__ import annotations

import threading

PROCESS = threading.Lock()
"""Held while an env.py runs, or scripts of initdb's own."""
