"""The URL of the database."""

import os
from pathlib import Path

DRIVER = "postgresql+psycopg2://"


def database_url(instance: Path) -> str:
    """The URL in DATABASE_URL, with the driver that this application installs; else that of a SQLite file."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        instance.mkdir(exist_ok=True)
        return f"sqlite:///{instance / 'shop.db'}"
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return DRIVER + url.removeprefix(scheme)
    return url
