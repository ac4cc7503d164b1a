"""Each reference of the catalogue has a test that types what it prints."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from initdb.errors import CATALOGUE
from tests.fixes.claims import CASES

_LEFT = """
admin-password-unreadable admin-password-weak adoption-failed adoption-refused
another-process-at-work broken-history conflicting-object connection-keeps-breaking connection-lost
constraint-creation-failed constraint-violation crash-loop data-migration-failed database-ahead
database-permission-denied deadlock defects-remain downgrade-missing eject-unconfirmed env-py-failed
env-py-other-database env-py-ran-nothing env-py-several-databases export-refused files-edited
foreign-journal-table history-conflict identity-incomplete identity-not-used identity-refused
in-transaction index-creation-failed inspection-failed internal-error journal-dropped
journal-elsewhere journal-incomplete journal-missing journal-needed journal-newer journal-not-owned
journal-of-another-application journal-permission journal-tampered journal-trigger-missing
journal-unreadable lock-timeout mark-refused migration-held multiple-heads no-such-revision
nothing-to-release repair-failed repair-impossible revision-changed revision-committed-itself
revision-duplicate revision-failed revision-in-doubt revision-missing revision-unparsable
rollback-failed rollback-refused seed-callable-failed seed-column-missing seed-column-unknown
seed-failed seed-file-unreadable seed-key-missing seed-name-twice seed-rejected seed-table-unknown
serialization-failure server-out-of-resources statement-cancelled statement-timeout stopped
table-creation-failed take-over-refused transaction-ended two-phase-refused user-unknown
validation-failed version-rows-overlap wait-limit no-revisions revisions-need-tables table-lost
"""
STILL_WITHOUT = frozenset(_LEFT.split())
"""References that have no such test yet."""

for _file in sorted(Path(__file__).parent.glob("test_*.py")):
    if _file != Path(__file__):
        import_module(f"tests.fixes.{_file.stem}")


def test_each_reference_has_a_test() -> None:
    """With the mark `fixes` of tests/fixes/claims.py."""
    assert CATALOGUE.keys() - CASES.keys() == STILL_WITHOUT


def test_each_test_is_of_a_reference() -> None:
    """None is misspelt."""
    assert CASES.keys() <= CATALOGUE.keys()
