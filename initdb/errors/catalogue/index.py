"""The whole catalogue: every row of every subject, by reference."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from initdb.errors.catalogue.access import ACCESS
from initdb.errors.catalogue.backups import BACKUPS
from initdb.errors.catalogue.connection import CONNECTION
from initdb.errors.catalogue.directories import DIRECTORIES
from initdb.errors.catalogue.evidence import EVIDENCE
from initdb.errors.catalogue.files import FILES
from initdb.errors.catalogue.health import HEALTH
from initdb.errors.catalogue.journal import JOURNAL
from initdb.errors.catalogue.leaving import LEAVING
from initdb.errors.catalogue.neighbours import NEIGHBOURS
from initdb.errors.catalogue.orders import ORDERS
from initdb.errors.catalogue.revision import REVISION
from initdb.errors.catalogue.run import RUN
from initdb.errors.catalogue.schema import SCHEMA
from initdb.errors.catalogue.seed import SEED
from initdb.errors.catalogue.settings import SETTINGS
from initdb.errors.catalogue.storage import STORAGE
from initdb.errors.catalogue.trust import TRUST
from initdb.errors.rows import ErrorRow

SUBJECTS: Mapping[str, tuple[ErrorRow, ...]] = MappingProxyType(
    {
        "Connecting": CONNECTION,
        "Credentials and permissions": ACCESS,
        "Files, disks and servers": STORAGE,
        "Files of other users": TRUST,
        "Settings and commands": SETTINGS,
        "Schema and adoption": SCHEMA,
        "Migration files and history": FILES,
        "Several Alembic directories": DIRECTORIES,
        "Running and rolling back revisions": REVISION,
        "Backups": BACKUPS,
        "Seeds and users": SEED,
        "Validation and repair": HEALTH,
        "Runs, locks and limits": RUN,
        "Orders": ORDERS,
        "The journal": JOURNAL,
        "Things of other roles": NEIGHBOURS,
        "Checkpoints": EVIDENCE,
        "Leaving initdb": LEAVING,
    }
)
"""Subject → its rows, in the order of the documentation."""

CATALOGUE: Mapping[str, ErrorRow] = MappingProxyType(
    {row.reference: row for rows in SUBJECTS.values() for row in rows}
)
"""Reference → row."""
