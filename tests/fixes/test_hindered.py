"""What keeps a run from its journal: somebody's own trigger, or a restore that has not ended."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.fixes.claims import fixes
from tests.fixes.person import Person
from tests.support.postgres_server import PostgresServer
from tests.support.toy import Toy


@fixes("entry-refused")
@pytest.mark.parametrize("kind", ["migration_applied", "seed_batch_applied"])
def test_somebodys_trigger(person: Person, ready: Toy, kind: str) -> None:
    """What helps shows it; once it is gone, the run goes on. Neither a revision nor a seed is at fault."""
    if person.database:
        person.sql(
            "CREATE FUNCTION fridays() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE check_violation USING MESSAGE = 'not on Fridays'; END $$;"
            " CREATE TRIGGER fridays BEFORE INSERT ON init_journal FOR EACH ROW"
            f" WHEN (NEW.type = '{kind}') EXECUTE FUNCTION fridays()"
        )
    else:
        says = "BEGIN SELECT RAISE(ABORT, 'not on Fridays'); END"
        person.sql(f"CREATE TRIGGER fridays BEFORE INSERT ON init_journal WHEN NEW.type = '{kind}' {says}")
    ready.revision(4, "    pass") if kind == "migration_applied" else ready.with_seeds(9)
    said = person.fails("initdb run", "entry-refused")
    assert "by RAISE" in said and "not on Fridays" not in said and "004_r4.py" not in said
    assert "fridays" in person.looks()[0].output
    person.sql("DROP TRIGGER fridays" + (" ON init_journal" if person.database else ""))
    person.follows("initdb resume")


@fixes("restore-unfinished")
def test_a_restore_that_stopped_half_way(
    person: Person, ready: Toy, server: PostgresServer, tmp_path: Path
) -> None:
    """Nothing is at work, so the whole backup is restored."""
    url = make_url(ready.url)
    if person.database:
        where = f"-h {server.folder} -p {server.port} -U postgres"
        for part in ("pre-data", "data", "post-data"):
            person.runs(f"pg_dump {where} --section {part} -f {tmp_path / part} {url.database}")
        person.runs(f"dropdb --force {where} {url.database}")
        person.runs(f"createdb {where} {url.database}")
        restore = f"psql {where} -X -q -v ON_ERROR_STOP=1 -o /dev/null {url.database} -f {tmp_path}/"
        person.runs(f"{restore}pre-data")
    else:
        file = shlex.quote(url.database or "")
        tables = "SELECT sql || ';' FROM sqlite_schema WHERE type = 'table'"
        person.runs(f'sqlite3 {file} .dump > {tmp_path}/dump; sqlite3 {file} "{tables}" > {tmp_path}/part')
        person.runs(f"rm {file}*; sqlite3 {file} < {tmp_path}/part")
    person.fails("initdb run --wait-limit 0", "restore-unfinished")
    person.looks()
    if person.database:
        for part in ("data", "post-data"):
            person.runs(f"{restore}{part}")
    else:
        person.runs(f"rm {file}*; sqlite3 {file} < {tmp_path}/dump")
    person.follows("initdb run")
