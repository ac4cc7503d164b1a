"""The whole catalogue: every row of every subject, by reference."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from initdb.errors.catalogue_access import ACCESS
from initdb.errors.catalogue_connection import CONNECTION
from initdb.errors.catalogue_files import FILES
from initdb.errors.catalogue_health import HEALTH
from initdb.errors.catalogue_journal import JOURNAL
from initdb.errors.catalogue_revision import REVISION
from initdb.errors.catalogue_run import RUN
from initdb.errors.catalogue_schema import SCHEMA
from initdb.errors.catalogue_seed import SEED
from initdb.errors.catalogue_settings import SETTINGS
from initdb.errors.catalogue_storage import STORAGE
from initdb.errors.rows import ErrorRow

SUBJECTS: Mapping[str, tuple[ErrorRow, ...]] = MappingProxyType(
    {
        "Connecting": CONNECTION,
        "Credentials and permissions": ACCESS,
        "File, disk and server": STORAGE,
        "Settings and commands": SETTINGS,
        "Schema and adoption": SCHEMA,
        "Migration files and their history": FILES,
        "Running and rolling back revisions": REVISION,
        "Seeds and users": SEED,
        "Validation and repair": HEALTH,
        "Runs among each other": RUN,
        "The journal": JOURNAL,
    }
)
"""Subject → its rows, in the order of the documentation."""

catalogue: Mapping[str, ErrorRow] = MappingProxyType(
    {row.reference: row for rows in SUBJECTS.values() for row in rows}
)
"""Reference → row."""
