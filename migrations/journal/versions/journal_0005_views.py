"""The views for people with psql and sqlite3: `init_runs`, and `init_failures`."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

VIEWS = ("init_runs", "init_failures")


def upgrade() -> None:
    """Create the views. One whose name something else has is left out."""
    context, bind = op.get_context(), op.get_bind()
    schema = context.version_table_schema
    at = '"' + schema.replace('"', '""') + '".' if schema else ""
    if context.dialect.name == "sqlite":
        name = context.version_table.removeprefix("init_journal_version")
        there = bind.exec_driver_sql("SELECT name FROM main.sqlite_schema").scalars().all()
        for view, made in zip(VIEWS, _sqlite(at, name), strict=True):
            if f"{view}{name}" not in there:
                bind.exec_driver_sql(made)
        return
    # The path decides what operators and types mean in the views.
    path = bind.exec_driver_sql("SELECT pg_catalog.current_setting('search_path')").scalar_one()
    bind.exec_driver_sql("SET LOCAL search_path = pg_catalog, pg_temp")
    place = f"relnamespace = CAST({_text(at[:-1])} AS regnamespace)"
    there = bind.exec_driver_sql(f"SELECT relname FROM pg_class WHERE {place}").scalars().all()
    for view, made in zip(VIEWS, _postgresql(at), strict=True):
        if view not in there:
            bind.exec_driver_sql(made.replace("%", "%%"))
            # Default privileges may have given others rights on it.
            others = (
                "SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC'"
                " ELSE quote_ident(pg_get_userbyid(a.grantee)) END"
                f" FROM pg_class c, aclexplode(c.relacl) a WHERE {place} AND c.relname = '{view}'"
                " AND a.grantee <> c.relowner"
            )
            for role in bind.exec_driver_sql(others).scalars().all():
                bind.exec_driver_sql(f"REVOKE ALL ON {at}{view} FROM {role}".replace("%", "%%"))
    bind.exec_driver_sql(f"SELECT set_config('search_path', {_text(path)}, true)")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''").replace("%", "%%") + "'"


def _postgresql(at: str) -> tuple[str, str]:
    return (
        (
            f"CREATE VIEW {at}init_runs WITH (security_barrier = true) AS SELECT b.run AS run, b.at "
            "AS began, e.at AS ended, CASE e.type WHEN 'health_validated' THEN 'ready' WHEN "
            "'step_failed' THEN 'failed' WHEN 'run_stopped' THEN 'stopped' ELSE CASE WHEN EXISTS "
            f"(SELECT 1 FROM {at}init_journal n WHERE n.type IN ('run_started', 'run_resumed') AND "
            "n.seq > r.last_entry) THEN 'interrupted' ELSE 'unfinished' END END AS how, CASE WHEN "
            "b.hash = encode(sha256(convert_to('initdb-event-v1' || b.prev_hash || b.event, "
            "getdatabaseencoding())), 'hex') AND b.event !~ "
            "E'(?<!\\\\\\\\)(\\\\\\\\\\\\\\\\)*\\\\\\\\u(0000|[dD][89abAB]..(?!\\\\\\\\u[dD][c-fC-F]))|(?<!\\\\\\\\u[dD][89ab"
            "AB]..)\\\\\\\\u[dD][c-fC-F]' THEN nullif(btrim(CAST(CAST(b.event AS json) #> "
            "'{data,reason}' AS text), '\"'), 'null') END AS reason, CASE WHEN b.hash = "
            "encode(sha256(convert_to('initdb-event-v1' || b.prev_hash || b.event, "
            "getdatabaseencoding())), 'hex') AND b.event !~ "
            "E'(?<!\\\\\\\\)(\\\\\\\\\\\\\\\\)*\\\\\\\\u(0000|[dD][89abAB]..(?!\\\\\\\\u[dD][c-fC-F]))|(?<!\\\\\\\\u[dD][89ab"
            "AB]..)\\\\\\\\u[dD][c-fC-F]' THEN nullif(btrim(CAST(CAST(b.event AS json) #> '{by,host}' AS "
            "text), '\"'), 'null') END AS host, CASE WHEN b.hash = "
            "encode(sha256(convert_to('initdb-event-v1' || b.prev_hash || b.event, "
            "getdatabaseencoding())), 'hex') AND b.event !~ "
            "E'(?<!\\\\\\\\)(\\\\\\\\\\\\\\\\)*\\\\\\\\u(0000|[dD][89abAB]..(?!\\\\\\\\u[dD][c-fC-F]))|(?<!\\\\\\\\u[dD][89ab"
            "AB]..)\\\\\\\\u[dD][c-fC-F]' THEN nullif(btrim(CAST(CAST(b.event AS json) #> '{by,pid}' AS "
            "text), '\"'), 'null') END AS pid, r.applied AS applied, r.reverted AS reverted, CASE "
            "WHEN b.at ~ "
            "'^([1-9][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[135"
            "78]|1[02])-31)|[1-9][0-9](0[48]|[2468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5]"
            "[0-9]:[0-5][0-9][.][0-9]{6}Z$' AND coalesce(e.at, z.at) ~ "
            "'^([1-9][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[135"
            "78]|1[02])-31)|[1-9][0-9](0[48]|[2468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5]"
            "[0-9]:[0-5][0-9][.][0-9]{6}Z$' THEN round(extract(epoch FROM CAST(coalesce(e.at, z.at) "
            "AS timestamptz) - CAST(b.at AS timestamptz)), 3) END AS seconds, b.seq AS first_entry, "
            "r.last_entry AS last_entry FROM (SELECT j.run AS run, min(CASE WHEN j.type IN "
            "('run_started', 'run_resumed') THEN j.seq END) AS began, max(CASE WHEN j.type IN "
            "('run_started', 'run_resumed', 'run_continued') THEN j.seq END) AS went_on, max(CASE "
            "WHEN j.type IN ('health_validated', 'step_failed', 'run_stopped') THEN j.seq END) AS "
            "ended, max(j.seq) AS last_entry, count(CASE WHEN j.type = 'migration_applied' THEN 1 "
            "END) AS applied, count(CASE WHEN j.type = 'migration_reverted' THEN 1 END) AS reverted "
            f"FROM {at}init_journal j GROUP BY j.run) r JOIN {at}init_journal b ON b.seq = r.began "
            f"JOIN {at}init_journal z ON z.seq = r.last_entry LEFT JOIN {at}init_journal e ON e.seq = "
            "r.ended AND r.ended > r.went_on ORDER BY b.seq"
        ),
        (
            f"CREATE VIEW {at}init_failures WITH (security_barrier = true) AS SELECT f.seq AS entry, "
            "f.at AS at, f.run AS run, CASE WHEN f.hash = encode(sha256(convert_to('initdb-event-v1' "
            "|| f.prev_hash || f.event, getdatabaseencoding())), 'hex') AND f.event !~ "
            "E'(?<!\\\\\\\\)(\\\\\\\\\\\\\\\\)*\\\\\\\\u(0000|[dD][89abAB]..(?!\\\\\\\\u[dD][c-fC-F]))|(?<!\\\\\\\\u[dD][89ab"
            "AB]..)\\\\\\\\u[dD][c-fC-F]' THEN nullif(btrim(CAST(CAST(f.event AS json) #> '{data,step}' "
            "AS text), '\"'), 'null') END AS step, CASE WHEN f.hash = "
            "encode(sha256(convert_to('initdb-event-v1' || f.prev_hash || f.event, "
            "getdatabaseencoding())), 'hex') AND f.event !~ "
            "E'(?<!\\\\\\\\)(\\\\\\\\\\\\\\\\)*\\\\\\\\u(0000|[dD][89abAB]..(?!\\\\\\\\u[dD][c-fC-F]))|(?<!\\\\\\\\u[dD][89ab"
            "AB]..)\\\\\\\\u[dD][c-fC-F]' THEN nullif(btrim(CAST(CAST(f.event AS json) #> "
            "'{data,error,reference}' AS text), '\"'), 'null') END AS reference, CASE WHEN f.hash = "
            "encode(sha256(convert_to('initdb-event-v1' || f.prev_hash || f.event, "
            "getdatabaseencoding())), 'hex') AND f.event !~ "
            "E'(?<!\\\\\\\\)(\\\\\\\\\\\\\\\\)*\\\\\\\\u(0000|[dD][89abAB]..(?!\\\\\\\\u[dD][c-fC-F]))|(?<!\\\\\\\\u[dD][89ab"
            "AB]..)\\\\\\\\u[dD][c-fC-F]' THEN nullif(btrim(CAST(CAST(f.event AS json) #> "
            "'{data,error,sqlstate}' AS text), '\"'), 'null') END AS sqlstate, CASE WHEN f.hash = "
            "encode(sha256(convert_to('initdb-event-v1' || f.prev_hash || f.event, "
            "getdatabaseencoding())), 'hex') AND f.event !~ "
            "E'(?<!\\\\\\\\)(\\\\\\\\\\\\\\\\)*\\\\\\\\u(0000|[dD][89abAB]..(?!\\\\\\\\u[dD][c-fC-F]))|(?<!\\\\\\\\u[dD][89ab"
            "AB]..)\\\\\\\\u[dD][c-fC-F]' THEN nullif(btrim(CAST(CAST(f.event AS json) #> "
            "'{data,error,context,0}' AS text), '\"'), 'null') END AS subject, CASE WHEN f.hash = "
            "encode(sha256(convert_to('initdb-event-v1' || f.prev_hash || f.event, "
            "getdatabaseencoding())), 'hex') AND f.event !~ "
            "E'(?<!\\\\\\\\)(\\\\\\\\\\\\\\\\)*\\\\\\\\u(0000|[dD][89abAB]..(?!\\\\\\\\u[dD][c-fC-F]))|(?<!\\\\\\\\u[dD][89ab"
            "AB]..)\\\\\\\\u[dD][c-fC-F]' THEN nullif(btrim(CAST(CAST(f.event AS json) #> "
            "'{data,error,message}' AS text), '\"'), 'null') END AS message, (SELECT min(v.at) FROM "
            f"{at}init_journal v WHERE v.seq = (SELECT min(n.seq) FROM {at}init_journal n WHERE "
            f"n.type = 'health_validated' AND n.seq > f.seq)) AS resolved_at FROM {at}init_journal f "
            "WHERE f.type = 'step_failed' ORDER BY f.seq"
        ),
    )


def _sqlite(at: str, name: str) -> tuple[str, str]:
    """Of the journal whose names end in `name`."""
    return (
        (
            f"CREATE VIEW {at}init_runs{name} AS SELECT b.run AS run, b.at AS began, e.at AS ended, "
            "CASE e.type WHEN 'health_validated' THEN 'ready' WHEN 'step_failed' THEN 'failed' WHEN "
            f"'run_stopped' THEN 'stopped' ELSE CASE WHEN EXISTS (SELECT 1 FROM init_journal{name} n "
            "WHERE n.type IN ('run_started', 'run_resumed') AND n.seq > r.last_entry) THEN "
            "'interrupted' ELSE 'unfinished' END END AS how, CASE WHEN typeof(b.event) = 'text' AND "
            "json_valid(b.event) THEN json_extract(b.event, '$.data.reason') END AS reason, CASE "
            "WHEN typeof(b.event) = 'text' AND json_valid(b.event) THEN json_extract(b.event, "
            "'$.by.host') END AS host, CASE WHEN typeof(b.event) = 'text' AND json_valid(b.event) "
            "THEN json_extract(b.event, '$.by.pid') END AS pid, r.applied AS applied, r.reverted AS "
            "reverted, round((julianday(coalesce(e.at, z.at)) - julianday(b.at)) * 86400, 3) AS "
            "seconds, b.seq AS first_entry, r.last_entry AS last_entry FROM (SELECT j.run AS run, "
            "min(CASE WHEN j.type IN ('run_started', 'run_resumed') THEN j.seq END) AS began, "
            "max(CASE WHEN j.type IN ('run_started', 'run_resumed', 'run_continued') THEN j.seq END) "
            "AS went_on, max(CASE WHEN j.type IN ('health_validated', 'step_failed', 'run_stopped') "
            "THEN j.seq END) AS ended, max(j.seq) AS last_entry, count(CASE WHEN j.type = "
            "'migration_applied' THEN 1 END) AS applied, count(CASE WHEN j.type = "
            f"'migration_reverted' THEN 1 END) AS reverted FROM init_journal{name} j GROUP BY j.run) "
            f"r JOIN init_journal{name} b ON b.seq = r.began JOIN init_journal{name} z ON z.seq = "
            f"r.last_entry LEFT JOIN init_journal{name} e ON e.seq = r.ended AND r.ended > r.went_on "
            "ORDER BY b.seq"
        ),
        (
            f"CREATE VIEW {at}init_failures{name} AS SELECT f.seq AS entry, f.at AS at, f.run AS run, "
            "CASE WHEN typeof(f.event) = 'text' AND json_valid(f.event) THEN json_extract(f.event, "
            "'$.data.step') END AS step, CASE WHEN typeof(f.event) = 'text' AND json_valid(f.event) "
            "THEN json_extract(f.event, '$.data.error.reference') END AS reference, CASE WHEN "
            "typeof(f.event) = 'text' AND json_valid(f.event) THEN json_extract(f.event, "
            "'$.data.error.sqlstate') END AS sqlstate, CASE WHEN typeof(f.event) = 'text' AND "
            "json_valid(f.event) THEN json_extract(f.event, '$.data.error.context[0]') END AS "
            "subject, CASE WHEN typeof(f.event) = 'text' AND json_valid(f.event) THEN "
            "json_extract(f.event, '$.data.error.message') END AS message, (SELECT min(v.at) FROM "
            f"init_journal{name} v WHERE v.seq = (SELECT min(n.seq) FROM init_journal{name} n WHERE "
            f"n.type = 'health_validated' AND n.seq > f.seq)) AS resolved_at FROM init_journal{name} "
            "f WHERE f.type = 'step_failed' ORDER BY f.seq"
        ),
    )


def downgrade() -> None:
    """Refuse: a journal is never downgraded."""
    raise NotImplementedError
