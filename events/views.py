"""The views of a journal for people with psql and sqlite3: `init_runs`, and `init_failures`.

They only read, and nothing of initdb reads them. An entry that somebody edited does not break them: what it
says is left empty.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

Said = Callable[[str, str], str]
"""Gives the expression for a text in an event: the alias of the entry's row, and the path in the JSON."""

RUNS, FAILURES = VIEWS = ("init_runs", "init_failures")
"""The names of the views."""

_BEGINS = "('run_started', 'run_resumed')"
_GOES_ON = "('run_started', 'run_resumed', 'run_continued')"
_ENDS = "('health_validated', 'step_failed', 'run_stopped')"

_DAY = (
    "[1-9][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    "|[1-9][0-9](0[48]|[2468][048]|[13579][26])-02-29"
)
_TIME = f"^({_DAY})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{{6}}Z$"
"""A time that PostgreSQL can read, as a regular expression. A cast of another text would fail."""

_ODD = (
    r"E'(?<!\\\\)(\\\\\\\\)*\\\\u(0000|[dD][89abAB]..(?!\\\\u[dD][c-fC-F]))"
    r"|(?<!\\\\u[dD][89abAB]..)\\\\u[dD][c-fC-F]'"
)
"""Escaped characters that no text of PostgreSQL can have, as a regular expression."""


def is_taken(statement: str, taken: Collection[str]) -> bool:
    """Whether a statement makes a view whose name something else has. Then the journal does without it.

    Args:
        statement: One of those that create a journal.
        taken: The names that are taken.
    """
    return statement.startswith("CREATE VIEW ") and any(
        f"{name} " in statement[:99] for name in VIEWS if name in taken
    )


def sqlite(at: str) -> list[str]:
    """The statements that create the views on SQLite.

    Args:
        at: The quoted schema with its dot, as `naming.prefix` gives it.
    """

    def said(entry: str, path: str) -> str:
        sound = f"typeof({entry}.event) = 'text' AND json_valid({entry}.event)"
        return f"CASE WHEN {sound} THEN json_extract({entry}.event, '$.{path}') END"

    seconds = "round((julianday(coalesce(e.at, z.at)) - julianday(b.at)) * 86400, 3)"
    return [
        f"CREATE VIEW {at}{RUNS} AS {_runs('', said, seconds)}",
        f"CREATE VIEW {at}{FAILURES} AS {_failures('', said)}",
    ]


def postgresql(at: str) -> list[str]:
    """The statements that create the views on PostgreSQL.

    The search_path must be pinned to pg_catalog while they run: it decides what operators and types mean.

    Texts are taken from the JSON as they are written there. To spell out an escaped character can fail, on a
    server whose encoding lacks it.

    Args:
        at: The quoted schema with its dot, as `naming.prefix` gives it.
    """

    def said(entry: str, path: str) -> str:
        keys = path.replace("[", ".").replace("]", "").replace(".", ",")
        digest = f"'initdb-event-v1' || {entry}.prev_hash || {entry}.event"
        sound = f"{entry}.hash = encode(sha256(convert_to({digest}, getdatabaseencoding())), 'hex')"
        sound += f" AND {entry}.event !~ {_ODD}"
        return (
            f"CASE WHEN {sound} THEN nullif(btrim(CAST(CAST({entry}.event AS json) #> '{{{keys}}}' AS text),"
            " '\"'), 'null') END"
        )

    end = "coalesce(e.at, z.at)"
    seconds = (
        f"CASE WHEN b.at ~ '{_TIME}' AND {end} ~ '{_TIME}' THEN"
        f" round(extract(epoch FROM CAST({end} AS timestamptz) - CAST(b.at AS timestamptz)), 3) END"
    )
    barrier = "WITH (security_barrier = true) "
    return [
        f"CREATE VIEW {at}{RUNS} {barrier}AS {_runs(at, said, seconds)}",
        f"CREATE VIEW {at}{FAILURES} {barrier}AS {_failures(at, said)}",
    ]


def _runs(at: str, said: Said, seconds: str) -> str:
    """One row for each run that began.

    Args:
        at: What stands before the names of the tables in the query.
        said: Gives the expression for a text of an entry's event: the entry, the path in its JSON.
        seconds: The expression for the time from its beginning to its end, or to its last entry.
    """
    journal = f"{at}init_journal"
    return (
        "SELECT b.run AS run, b.at AS began, e.at AS ended, CASE e.type WHEN 'health_validated' THEN 'ready'"
        " WHEN 'step_failed' THEN 'failed' WHEN 'run_stopped' THEN 'stopped' ELSE CASE"
        f" WHEN EXISTS (SELECT 1 FROM {journal} n WHERE n.type IN {_BEGINS} AND n.seq > r.last_entry)"
        " THEN 'interrupted' ELSE 'unfinished' END END AS how,"
        f" {said('b', 'data.reason')} AS reason,"
        f" {said('b', 'by.host')} AS host, {said('b', 'by.pid')} AS pid,"
        f" r.applied AS applied, r.reverted AS reverted, {seconds} AS seconds,"
        " b.seq AS first_entry, r.last_entry AS last_entry"
        f" FROM (SELECT j.run AS run, min(CASE WHEN j.type IN {_BEGINS} THEN j.seq END) AS began,"
        f" max(CASE WHEN j.type IN {_GOES_ON} THEN j.seq END) AS went_on,"
        f" max(CASE WHEN j.type IN {_ENDS} THEN j.seq END) AS ended, max(j.seq) AS last_entry,"
        " count(CASE WHEN j.type = 'migration_applied' THEN 1 END) AS applied,"
        " count(CASE WHEN j.type = 'migration_reverted' THEN 1 END) AS reverted"
        f" FROM {journal} j GROUP BY j.run) r"
        f" JOIN {journal} b ON b.seq = r.began JOIN {journal} z ON z.seq = r.last_entry"
        f" LEFT JOIN {journal} e ON e.seq = r.ended AND r.ended > r.went_on ORDER BY b.seq"
    )


def _failures(at: str, said: Said) -> str:
    """One row for each step that failed; the arguments are those of `_runs`."""
    journal = f"{at}init_journal"
    return (
        f"SELECT f.seq AS entry, f.at AS at, f.run AS run, {said('f', 'data.step')} AS step,"
        f" {said('f', 'data.error.reference')} AS reference, {said('f', 'data.error.sqlstate')} AS sqlstate,"
        f" {said('f', 'data.error.context[0]')} AS subject, {said('f', 'data.error.message')} AS message,"
        f" (SELECT min(v.at) FROM {journal} v WHERE v.seq = (SELECT min(n.seq) FROM {journal} n"
        " WHERE n.type = 'health_validated' AND n.seq > f.seq)) AS resolved_at"
        f" FROM {journal} f WHERE f.type = 'step_failed' ORDER BY f.seq"
    )
