"""A trigger that refuses an entry which is no event, or not the one that its columns say."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the trigger, and on PostgreSQL its function. Only the owner needs to call functions."""
    context = op.get_context()
    schema = context.version_table_schema
    at = '"' + schema.replace('"', '""').replace(":", "\\:") + '".' if schema else ""
    if context.dialect.name == "sqlite":
        name = context.version_table.removeprefix("init_journal_version")
        op.execute(f"DROP TRIGGER IF EXISTS {at}init_journal_check{name}")
        op.execute(_sqlite(at, name).replace(":", "\\:"))
        return
    op.execute(f"DROP TRIGGER IF EXISTS init_journal_check ON {at}init_journal")
    op.execute(f"DROP FUNCTION IF EXISTS {at}init_journal_check()")
    op.execute(_function(at.replace("\\:", ":")).replace(":", "\\:"))
    op.execute(_trigger(at))
    for function in ("append", "check", "move", "refuse"):
        op.execute(f"REVOKE ALL ON FUNCTION {at}init_journal_{function}() FROM PUBLIC")


def _sqlite(at: str, name: str) -> str:
    """Of the journal whose names end in `name`."""
    return (
        f"CREATE TRIGGER {at}init_journal_check{name} BEFORE INSERT ON init_journal{name} WHEN NOT "
        "coalesce(CASE WHEN NOT (typeof(NEW.run) = 'text' AND typeof(NEW.at) = 'text' AND "
        "typeof(NEW.type) = 'text' AND typeof(NEW.source) = 'text' AND typeof(NEW.dest) = 'text' AND "
        "typeof(NEW.event) = 'text' AND typeof(NEW.prev_hash) = 'text' AND typeof(NEW.hash) = 'text')"
        " OR length(NEW.event) > 67108864 OR NEW.event GLOB '*[^ -' || char(127) || ']*' THEN 0 WHEN "
        "length(NEW.hash) <> 64 OR NEW.hash GLOB '*[^0-9a-f]*' OR NOT json_valid(NEW.event) THEN 0 "
        "WHEN json_type(NEW.event) <> 'object' THEN 0 WHEN (SELECT count(*) <> count(DISTINCT key) OR"
        " sum(key IN ('at', 'attempt', 'by', 'data', 'dest', 'run', 'seq', 'source', 'trigger', "
        "'type', 'v')) <> 11 FROM json_each(NEW.event)) THEN 0 ELSE json_extract(NEW.event, '$.seq') "
        "IS NEW.seq AND json_extract(NEW.event, '$.run') IS NEW.run AND json_extract(NEW.event, "
        "'$.at') IS NEW.at AND json_extract(NEW.event, '$.type') IS NEW.type AND "
        "json_extract(NEW.event, '$.source') IS NEW.source AND json_extract(NEW.event, '$.dest') IS "
        "NEW.dest AND json_type(NEW.event, '$.seq') = 'integer' AND json_type(NEW.event, '$.v') = "
        "'integer' AND json_type(NEW.event, '$.attempt') = 'integer' AND json_type(NEW.event, '$.by')"
        " = 'object' AND json_type(NEW.event, '$.data') = 'object' AND json_type(NEW.event, "
        "'$.trigger') = 'text' AND json_extract(NEW.event, '$.v') = 1 AND NEW.at GLOB "
        "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z'"
        " AND length(NEW.type) < 64 AND NEW.type NOT GLOB '*[^a-z0-9_]*' AND NEW.type GLOB '[a-z]*' "
        "AND NEW.source IN ('unknown', 'empty', 'unmanaged', 'behind', 'unseeded', 'unproven', "
        "'defective', 'ready') AND NEW.dest IN ('unknown', 'empty', 'unmanaged', 'behind', "
        "'unseeded', 'unproven', 'defective', 'ready') AND (NEW.type = 'journal_created') = (NEW.seq "
        f"= 1) END, 0) BEGIN SELECT RAISE(ABORT, 'init_journal{name}: this is not an event, or not the"
        " one that its columns say'); END"
    )


def _function(at: str) -> str:
    return (
        f"CREATE FUNCTION {at}init_journal_check() RETURNS trigger LANGUAGE plpgsql SET search_path = "
        "pg_catalog, pg_temp AS $initdb$ DECLARE parsed json; ending text; cut text; BEGIN IF "
        "octet_length(NEW.event) > 67108864 OR NEW.event COLLATE \"C\" ~ '[^\\x20-\\x7f]' THEN RAISE "
        "EXCEPTION 'init_journal: event % is too long, or not ASCII', NEW.seq USING ERRCODE = "
        "'IJ001'; END IF; IF NEW.hash IS DISTINCT FROM encode(sha256(convert_to('initdb-event-v1' || "
        "NEW.prev_hash || NEW.event, getdatabaseencoding())), 'hex') THEN RAISE EXCEPTION "
        "'init_journal: event % does not give its hash', NEW.seq USING ERRCODE = 'IJ001'; END IF; "
        'parsed := NEW.event::json; ending := \'","type":"\' || NEW.type || \'","v":1}\'; cut := '
        'left(right(NEW.event, 512), -length(ending)); IF NOT coalesce(NEW.at COLLATE "C" ~ '
        "'^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$' AND NEW.type COLLATE "
        "\"C\" ~ '^[a-z][a-z0-9_]{0,62}$' AND NEW.run COLLATE \"C\" ~ '^[0-9A-Za-z_-]{1,64}$' AND "
        "NEW.source = ANY "
        "('{unknown,empty,unmanaged,behind,unseeded,unproven,defective,ready}'::text[]) AND NEW.dest "
        "= ANY ('{unknown,empty,unmanaged,behind,unseeded,unproven,defective,ready}'::text[]) AND "
        "(NEW.type = 'journal_created') = (NEW.seq = 1) AND left(NEW.event, length('{\"at\":\"' || "
        'NEW.at || \'","attempt":\')) = \'{"at":"\' || NEW.at || \'","attempt":\' AND substring(NEW.event '
        'FROM length(\'{"at":"\' || NEW.at || \'","attempt":\') + 1 FOR 20) ~ \'^[0-9]{1,9},"by":[{]\' AND '
        "position(',\"data\":{' IN NEW.event) > 0 AND right(NEW.event, length(ending)) = ending AND "
        'right(cut, length(format(\'},"dest":"%s","run":"%s","seq":%s,"source":"%s","trigger":"%s\', '
        "NEW.dest, NEW.run, NEW.seq, NEW.source, substring(cut FROM '[a-z_]{1,60}$')))) = "
        'format(\'},"dest":"%s","run":"%s","seq":%s,"source":"%s","trigger":"%s\', NEW.dest, NEW.run, '
        "NEW.seq, NEW.source, substring(cut FROM '[a-z_]{1,60}$')), false) THEN RAISE EXCEPTION "
        "'init_journal: event % has not the form of an event', NEW.seq USING ERRCODE = 'IJ001'; END "
        "IF; IF NEW.type IN ('entry_set_aside', 'entries_archived') AND NOT pg_has_role((SELECT "
        "relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN RAISE EXCEPTION 'init_journal: "
        "only its owner writes %', NEW.type USING ERRCODE = 'IJ001'; END IF; RETURN NEW; END $initdb$"
    )


def _trigger(at: str) -> str:
    return (
        f"CREATE TRIGGER init_journal_check BEFORE INSERT ON {at}init_journal FOR EACH ROW EXECUTE "
        f"FUNCTION {at}init_journal_check()"
    )


def downgrade() -> None:
    """Refuse: a journal is never downgraded."""
    raise NotImplementedError
