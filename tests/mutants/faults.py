"""Every planted fault: those of the core first."""

from __future__ import annotations

from tests.mutants.of_the_core import OF_THE_CORE
from tests.mutants.of_the_journal import OF_THE_JOURNAL
from tests.mutants.of_the_rest import OF_THE_REST

FAULTS = (*OF_THE_CORE, *OF_THE_JOURNAL, *OF_THE_REST)
