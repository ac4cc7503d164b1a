"""Appends the security log to a file, as lines of JSON, for processes that configure no logging."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path


class _JsonLines(logging.Handler):
    """Appends each record to a file, as a line of JSON. It raises nothing."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file, self._warned = file, False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line in one piece, so that processes can share the file."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname, "pid": record.process}
        line |= {name: getattr(record, name) for name in _FIELDS if getattr(record, name, None) is not None}
        try:
            # Only what is in /dev is meant to be a link: /dev/stderr is one.
            link = 0 if self.file.parent == Path("/dev") else os.O_NOFOLLOW
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | link
            descriptor = os.open(self.file, flags, 0o600)
            try:
                os.write(descriptor, json.dumps(line).encode("ascii") + b"\n")
            finally:
                os.close(descriptor)
        except OSError as error:
            if not self._warned:
                print(f"warning: security_log: {self.file}: {error.strerror}", file=sys.stderr)
            self._warned = True


_FIELDS = ("kind", "event", "said", "database", "role", "user", "seq", "run")


def log_to(file: Path | None) -> None:
    """Let this process append the log to a file, besides what the application does with the logger.

    Args:
        file: The file, as the setting `security_log` names it; None for none.
    """
    logger = logging.getLogger("initdb.security")
    if file is not None and all(getattr(one, "file", None) != file for one in logger.handlers):
        logger.addHandler(_JsonLines(file))
        if logger.getEffectiveLevel() > logging.INFO:
            logger.setLevel(logging.INFO)
