"""Appends the security log to a file, as lines of JSON, for processes that configure no logging."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

_STREAMS = {Path("/dev/stdout"): 1, Path("/dev/stderr"): 2}
"""Where they are files, opening them anew would let both writers overwrite each other."""


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
        content = json.dumps(line).encode("ascii") + b"\n"
        try:
            if (stream := _STREAMS.get(self.file)) is not None:
                os.write(stream, content)
                return
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self.file, flags, 0o600)
            try:
                os.write(descriptor, content)
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
