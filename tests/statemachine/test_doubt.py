"""An order whose last COMMIT is in doubt is carried out once, whenever the COMMIT arrives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from initdb.errors.stored import to_store
from initdb.events.entry import Entry
from initdb.events.head import CommitInDoubt
from initdb.events.journal import Journal
from initdb.events.payloads.form import Payload
from initdb.events.sessions import session
from initdb.statemachine import orders
from initdb.statemachine.loop import attend, turn
from initdb.statemachine.loop.run import Run
from initdb.statemachine.loop.writer import Writer
from tests.events.journals import begin, commit
from tests.support.toy import Toy, table_up


class _Wire:
    """Holds back the COMMIT of an order's last event until it is told to send it."""

    def __init__(self, toy: Toy, patch: pytest.MonkeyPatch, last: str = "run_stopped") -> None:
        self._toy, self._kept, self._journal = toy, list[Entry](), None
        real, append = Writer.commit, Journal.append

        def keep(journal: Journal, connection: Connection, entry: Entry) -> None:
            self._journal = journal
            self._kept.append(entry)

        def in_doubt(writer: Writer, connection: Connection, event: Payload) -> None:
            if event.type != last:
                real(writer, connection, event)
                return
            patch.setattr(Journal, "append", keep)
            real(writer, connection, event)
            patch.setattr(Journal, "append", append)
            patch.setattr(Writer, "commit", real)
            raise CommitInDoubt

        patch.setattr(Writer, "commit", in_doubt)

    def arrive(self) -> None:
        """Send the COMMIT, once it was held back."""
        if self._journal is None:
            return
        with session(self._toy.engine()) as other:
            begin(other)
            for entry in self._kept:
                self._journal.append(other, entry)
            commit(other)
        self._journal = None


def _before(patch: pytest.MonkeyPatch, owner: Any, name: str, arrive: Callable[[], None]) -> None:
    real = getattr(owner, name)

    def wrapped(*args: Any, **values: Any) -> Any:
        arrive()
        return real(*args, **values)

    patch.setattr(owner, name, wrapped)


MOMENTS = {
    "before the next look": (attend, "look"),
    "before the baton": (turn, "try_baton"),
    "before the look under the baton": (attend, "look_on"),
    "before the next run": (Run, "go"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_order_is_carried_out_once(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """A rollback of the last revision does not roll back the one before it too."""
    toy = Toy(tmp_path, database_url).with_revisions()
    assert toy.initializer().initialize().success
    initializer = toy.initializer()
    wire = _Wire(toy, monkeypatch)
    _before(monkeypatch, *MOMENTS[moment], wire.arrive)
    outcome = initializer.attend(orders.roll_back(None))
    monkeypatch.undo()
    assert outcome.ending == "done" and outcome.report is not None, outcome
    assert "migration_reverted" in [entry.type for entry in outcome.report.entries]
    assert toy.types().count("migration_reverted") == 1
    assert toy.types()[-1] == "run_stopped"
    assert toy.sql("SELECT version_num FROM alembic_version") == [("r2",)]


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_order_that_failed_is_not_tried_once_more(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Its failure arrives late. It is shown as it is recorded, and recorded once."""
    toy = Toy(tmp_path, database_url).with_revisions()
    toy.revision(3, table_up(3), "    1 / 0")
    assert toy.initializer().initialize().success
    initializer = toy.initializer()
    wire = _Wire(toy, monkeypatch, "step_failed")
    _before(monkeypatch, *MOMENTS[moment], wire.arrive)
    outcome = initializer.attend(orders.roll_back(None))
    monkeypatch.undo()
    assert outcome.ending == "failed" and outcome.error is not None, outcome
    assert toy.types().count("step_failed") == 1 and toy.types()[-1] == "step_failed"
    stored = list(initializer.entries())[-1].data["error"]
    assert to_store(outcome.error) == stored and "revision r3" in str(stored)
