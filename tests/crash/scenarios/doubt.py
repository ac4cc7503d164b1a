"""A revision with a part outside a transaction: an index built concurrently, and a person who is asked."""

from __future__ import annotations

from pathlib import Path

from initdb.statemachine import commands
from initdb.statemachine.initializer import Initializer
from tests.crash.scenario import POSTGRESQL, Answer, Scenario, boot
from tests.support.toy import Toy

CONCURRENTLY = """
    op.execute("INSERT INTO t1 (id, name) VALUES (50, 'before the index')")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY t1_name_again ON t1 (name)")
    op.execute("INSERT INTO t1 (id, name) VALUES (51, 'after the index')")"""

UNDO = ("DELETE FROM t1 WHERE id IN (50, 51)", "DROP INDEX IF EXISTS t1_name_again")


class Asked(Toy):
    """An application whose person undoes by hand what a revision in doubt has left, and says so."""

    def answer(self, initializer: Initializer) -> Answer:
        """Boot; where the revision is in doubt, undo and `initdb resume --retry r4`."""
        answer = boot(initializer)
        if answer.outcome != "failed" or "revision-in-doubt" not in answer.errors[0]:
            return answer
        again = boot(initializer)
        assert again == answer, f"asked twice it says {again}"
        self.sql(*UNDO)
        outcome = initializer.attend(commands.resume(initializer.see(), retry=["r4"]))
        return Answer(outcome.ending, (outcome.error.message,) if outcome.error else ())


def _asked(folder: Path, url: str) -> Asked:
    return Asked(folder, url, options={"schema_from": "migrations"})


def _write(toy: Toy) -> None:
    toy.with_revisions()
    toy.revision(4, CONCURRENTLY, doc="an index beside the work")


def _answer(initializer: Initializer) -> Answer:
    site = initializer.site
    url = initializer.engine.url.render_as_string(hide_password=False)
    return _asked(site.application.folder, url).answer(initializer)


DOUBT = Scenario(
    "doubt",
    "a revision that builds an index concurrently: in doubt where it was cut off, and a person who is asked",
    _asked,
    _write,
    run=_answer,
    resume=_answer,
    databases=(POSTGRESQL,),
    besides=frozenset({"step_started", "step_failed", "override"}),
)
