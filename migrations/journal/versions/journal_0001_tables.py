"""The journal, its head, and the triggers that only allow appending."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GENESIS = "0" * 64


def upgrade() -> None:
    """Create both tables, the head's row, and the guards."""
    schema = op.get_context().version_table_schema
    at = '"' + schema.replace('"', '""').replace(":", "\\:") + '".' if schema else ""
    for statement in _sqlite(at) if op.get_context().dialect.name == "sqlite" else _postgresql(at):
        op.execute(statement)


def _sqlite(at: str) -> list[str]:
    follows = "SELECT 1 FROM init_journal_head WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash"
    moves = (
        "NEW.id = OLD.id AND NEW.seq = OLD.seq + 1 AND NEW.schema_version = OLD.schema_version"
        " AND NEW.min_writer = OLD.min_writer AND EXISTS (SELECT 1 FROM init_journal"
        " WHERE seq = NEW.seq AND hash = NEW.hash AND prev_hash = OLD.hash)"
    )
    return [
        f"CREATE TABLE {at}init_journal (seq INTEGER PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL,"
        " type TEXT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, event TEXT NOT NULL,"
        " prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
        f"CREATE TABLE {at}init_journal_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL,"
        " hash TEXT NOT NULL, schema_version INTEGER NOT NULL, min_writer INTEGER NOT NULL)",
        f"INSERT INTO {at}init_journal_head VALUES (1, 0, '{GENESIS}', 1, 1)",
        f"CREATE TRIGGER {at}init_journal_append BEFORE INSERT ON init_journal WHEN NOT EXISTS ({follows})"
        " BEGIN SELECT RAISE(ABORT, 'init_journal: event does not follow the head'); END",
        f"CREATE TRIGGER {at}init_journal_follow AFTER INSERT ON init_journal BEGIN"
        " UPDATE init_journal_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1; END",
        f"CREATE TRIGGER {at}init_journal_no_update BEFORE UPDATE ON init_journal"
        " BEGIN SELECT RAISE(ABORT, 'init_journal is append-only'); END",
        f"CREATE TRIGGER {at}init_journal_no_delete BEFORE DELETE ON init_journal"
        " BEGIN SELECT RAISE(ABORT, 'init_journal is append-only'); END",
        f"CREATE TRIGGER {at}init_journal_head_move BEFORE UPDATE ON init_journal_head WHEN NOT ({moves})"
        " BEGIN SELECT RAISE(ABORT, 'init_journal_head moves by an event only'); END",
        f"CREATE TRIGGER {at}init_journal_head_no_delete BEFORE DELETE ON init_journal_head"
        " BEGIN SELECT RAISE(ABORT, 'init_journal_head stays'); END",
        f"CREATE TRIGGER {at}init_journal_head_no_insert BEFORE INSERT ON init_journal_head"
        " WHEN EXISTS (SELECT 1 FROM init_journal_head)"
        " BEGIN SELECT RAISE(ABORT, 'init_journal_head has one row'); END",
    ]


def _postgresql(at: str) -> list[str]:
    return [
        f"CREATE TABLE {at}init_journal (seq BIGINT PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL,"
        " type TEXT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, event TEXT NOT NULL,"
        " prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
        f"CREATE TABLE {at}init_journal_head (id INTEGER PRIMARY KEY CHECK (id = 1), seq BIGINT NOT NULL,"
        " hash TEXT NOT NULL, schema_version INTEGER NOT NULL, min_writer INTEGER NOT NULL)",
        f"INSERT INTO {at}init_journal_head VALUES (1, 0, '{GENESIS}', 1, 1)",
        *_postgresql_functions(at),
        f"CREATE TRIGGER init_journal_append AFTER INSERT ON {at}init_journal"
        f" FOR EACH ROW EXECUTE FUNCTION {at}init_journal_append()",
        f"CREATE TRIGGER init_journal_keep BEFORE UPDATE OR DELETE ON {at}init_journal"
        f" FOR EACH ROW EXECUTE FUNCTION {at}init_journal_refuse()",
        f"CREATE TRIGGER init_journal_keep_all BEFORE TRUNCATE ON {at}init_journal"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {at}init_journal_refuse()",
        f"CREATE TRIGGER init_journal_head_move BEFORE UPDATE ON {at}init_journal_head"
        f" FOR EACH ROW EXECUTE FUNCTION {at}init_journal_move()",
        f"CREATE TRIGGER init_journal_head_keep BEFORE INSERT OR DELETE ON {at}init_journal_head"
        f" FOR EACH ROW EXECUTE FUNCTION {at}init_journal_refuse()",
        f"CREATE TRIGGER init_journal_head_keep_all BEFORE TRUNCATE ON {at}init_journal_head"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {at}init_journal_refuse()",
    ]


def _postgresql_functions(at: str) -> list[str]:
    opening = (
        "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
        " AS $initdb$ BEGIN"
    )
    return [
        f"CREATE FUNCTION {at}init_journal_append() {opening}"
        f" UPDATE {at}init_journal_head SET seq = NEW.seq, hash = NEW.hash"
        " WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.prev_hash;"
        " IF NOT FOUND THEN RAISE EXCEPTION 'init_journal: event % does not follow the head', NEW.seq"
        " USING ERRCODE = 'IJ001'; END IF; RETURN NULL; END $initdb$",
        f"CREATE FUNCTION {at}init_journal_move() {opening}"
        " IF NEW.id = OLD.id AND NEW.seq = OLD.seq + 1 AND NEW.schema_version = OLD.schema_version"
        " AND NEW.min_writer = OLD.min_writer"
        f" AND EXISTS (SELECT 1 FROM {at}init_journal WHERE seq = NEW.seq AND hash = NEW.hash"
        " AND prev_hash = OLD.hash) THEN RETURN NEW; END IF;"
        " RAISE EXCEPTION 'init_journal_head moves by an event only'"
        " USING ERRCODE = 'IJ001'; END $initdb$",
        f"CREATE FUNCTION {at}init_journal_refuse() {opening}"
        " IF TG_OP = 'INSERT' THEN"
        f" IF NOT EXISTS (SELECT 1 FROM {at}init_journal_head) THEN RETURN NEW; END IF; END IF;"
        " RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP"
        " USING ERRCODE = 'IJ001'; END $initdb$",
    ]


def downgrade() -> None:
    """Refuse: a journal is never downgraded."""
    raise NotImplementedError
