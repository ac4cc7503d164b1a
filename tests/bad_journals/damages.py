"""Damages to a journal: the name of each, how it is done, and what every boot must report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from initdb.events import views
from tests.bad_journals.owner import Owner

Act = Callable[[Owner], None]


@dataclass(frozen=True)
class Damage:
    """`reference`: of the refusal. `only`: the one database on which it can be done.

    `hidden`: a ready database does not show it; it is refused when there is work.
    """

    name: str
    act: Act
    reference: str
    only: str | None = None
    hidden: bool = False


def _tampered(*statements: str) -> Act:
    return lambda owner: owner.tamper(*statements)


_VIEWS = ("DROP VIEW init_runs", "DROP VIEW init_failures")
"""PostgreSQL would not change a table that they need."""


def _said(*statements: str) -> Act:
    return lambda owner: [None for _ in owner.sql(*statements)].clear()


def _changed(*statements: str) -> Act:
    """Statements about a table that the views need. They are a part of the catalogue, so this shows."""
    return _said(*_VIEWS, *statements)


def _replace(table: str, columns: str) -> Act:
    """The table created again with other columns, empty."""

    def act(owner: Owner) -> None:
        needed = _VIEWS if table == "init_journal" else ()
        owner.sql(*needed, f"DROP TABLE {table}", f"CREATE TABLE {table} ({columns})")

    return act


def _copied(owner: Owner) -> None:
    """CREATE TABLE AS and a rename: triggers, keys and indexes are lost. The views are as they were."""
    made = views.postgresql('"public".') if owner.programs else views.sqlite('"main".')
    path = ["SET LOCAL search_path = pg_catalog, pg_temp"] if owner.programs else []
    legacy = [] if owner.programs else ["PRAGMA legacy_alter_table = ON"]
    owner.sql(
        *legacy,
        *_VIEWS,
        "CREATE TABLE copied AS SELECT * FROM init_journal",
        "DROP TABLE init_journal",
        "ALTER TABLE copied RENAME TO init_journal",
        *path,
        *made,
    )


def _without_triggers(owner: Owner) -> None:
    on = owner.triggers() if owner.programs else {}
    owner.sql(*(f"DROP TRIGGER {name}{f' ON {on[name]}' if on else ''}" for name in owner.triggers()))


def _as_view(table: str) -> Act:
    def act(owner: Owner) -> None:
        legacy = [] if owner.programs else ["PRAGMA legacy_alter_table = ON"]
        owner.sql(
            *legacy, f"ALTER TABLE {table} RENAME TO kept", f"CREATE VIEW {table} AS SELECT * FROM kept"
        )

    return act


def _moved(owner: Owner) -> None:
    tables = ("init_journal", "init_journal_head", "init_journal_version")
    owner.sql("CREATE SCHEMA elsewhere", *(f"ALTER TABLE {name} SET SCHEMA elsewhere" for name in tables))


def _head(**values: object) -> Act:
    said = ", ".join(f"{name} = {value}" for name, value in values.items())
    return _tampered(f"UPDATE init_journal_head SET {said}")


_NEXT_TO_LAST = "(SELECT max(seq) - 1 FROM init_journal)"
_THERE = f"WHERE seq = {_NEXT_TO_LAST}"
_OTHER = f"'{'a' * 64}'"

DAMAGES: tuple[Damage, ...] = (
    # An entry that is none.
    Damage("not JSON", _tampered(f"UPDATE init_journal SET event = '{{oops' {_THERE}"), "journal-tampered"),
    Damage("no event", _tampered(f"UPDATE init_journal SET event = '[1, 2]' {_THERE}"), "journal-tampered"),
    Damage("no type", _tampered(f"UPDATE init_journal SET event = '{{}}' {_THERE}"), "journal-tampered"),
    Damage("empty text", _tampered(f"UPDATE init_journal SET event = '' {_THERE}"), "journal-tampered"),
    Damage(
        "a BLOB",
        _tampered(f"UPDATE init_journal SET event = CAST(event AS BLOB) {_THERE}"),
        "journal-tampered",
        "sqlite",
    ),
    # A chain that does not hold.
    Damage("a gap", _tampered(f"DELETE FROM init_journal {_THERE}"), "journal-tampered"),
    Damage("a tail cut", _tampered("DELETE FROM init_journal WHERE seq > 4"), "journal-tampered"),
    Damage("emptied", _tampered("DELETE FROM init_journal"), "journal-tampered"),
    Damage(
        "another link", _tampered(f"UPDATE init_journal SET hash = {_OTHER} {_THERE}"), "journal-tampered"
    ),
    # A head that is not the journal's.
    Damage("no head row", _tampered("DELETE FROM init_journal_head"), "journal-tampered"),
    Damage(
        "a head behind",
        _head(seq=_NEXT_TO_LAST, hash=f"(SELECT hash FROM init_journal {_THERE})"),
        "journal-tampered",
    ),
    Damage("a head ahead", _head(seq=30, hash=_OTHER), "journal-tampered"),
    Damage("a head of another", _head(hash=_OTHER), "journal-tampered"),
    Damage("a head of words", _head(min_writer="'many'"), "journal-unreadable", "sqlite"),
    Damage(
        "a head of text",
        _said("ALTER TABLE init_journal_head ALTER COLUMN min_writer TYPE text"),
        "journal-unreadable",
        "postgresql",
    ),
    # A newer initdb's.
    Damage("for newer writers", _head(min_writer=9), "journal-newer", hidden=True),
    Damage("a newer event", lambda owner: owner.append(v=9), "journal-newer", hidden=True),
    Damage(
        "an unknown state",
        lambda owner: owner.append(type="index_polished", trigger="polish", dest="shining"),
        "journal-newer",
    ),
    # Half of one.
    Damage("no journal table", _changed("DROP TABLE init_journal"), "journal-unreadable"),
    Damage("no head table", _said("DROP TABLE init_journal_head"), "journal-unreadable"),
    Damage(
        "version table alone",
        _changed("DROP TABLE init_journal", "DROP TABLE init_journal_head"),
        "journal-unreadable",
    ),
    Damage("an index dropped", _said("DROP INDEX init_journal_run"), "journal-incomplete", hidden=True),
    Damage("no version table", _said("DROP TABLE init_journal_version"), "journal-incomplete", hidden=True),
    Damage(
        "an older version row",
        _said("UPDATE init_journal_version SET version_num = '0001'"),
        "journal-incomplete",
        hidden=True,
    ),
    Damage("no version row", _said("DELETE FROM init_journal_version"), "journal-incomplete", hidden=True),
    Damage("an older head", _head(schema_version=1), "journal-incomplete", hidden=True),
    # Something else.
    Damage(
        "another program's table", _replace("init_journal", "id INTEGER, what TEXT"), "foreign-journal-table"
    ),
    Damage("another program's head", _replace("init_journal_head", "id INTEGER"), "foreign-journal-table"),
    Damage(
        "a version table of others",
        _replace("init_journal_version", "id INTEGER"),
        "foreign-journal-table",
        hidden=True,
    ),
    Damage(
        "a column renamed",
        _changed("ALTER TABLE init_journal RENAME prev_hash TO before"),
        "foreign-journal-table",
    ),
    Damage(
        "a head's column renamed",
        _said("ALTER TABLE init_journal_head RENAME hash TO sum"),
        "foreign-journal-table",
    ),
    Damage("a view", _as_view("init_journal"), "foreign-journal-table"),
    Damage("a head that is a view", _as_view("init_journal_head"), "foreign-journal-table"),
    Damage(
        "numbers as text",
        _changed("ALTER TABLE init_journal ALTER COLUMN seq TYPE text"),
        "journal-unreadable",
        "postgresql",
    ),
    Damage(
        "events as jsonb",
        _changed("ALTER TABLE init_journal ALTER COLUMN event TYPE jsonb USING event::jsonb"),
        "journal-tampered",
        "postgresql",
    ),
    Damage(
        "events as bytes",
        _changed("ALTER TABLE init_journal ALTER COLUMN event TYPE bytea USING convert_to(event, 'UTF8')"),
        "journal-tampered",
        "postgresql",
    ),
    # Without its guards.
    Damage("no triggers", _without_triggers, "journal-trigger-missing", hidden=True),
    Damage("a copied table", _copied, "journal-trigger-missing", hidden=True),
    Damage("moved to another schema", _moved, "journal-trigger-missing", "postgresql"),
    Damage(
        "its function gone",
        _said("DROP FUNCTION init_journal_append CASCADE"),
        "journal-trigger-missing",
        "postgresql",
        hidden=True,
    ),
    Damage(
        "a guard for replicas only",
        _said("ALTER TABLE init_journal ENABLE REPLICA TRIGGER init_journal_append"),
        "journal-trigger-missing",
        "postgresql",
        hidden=True,
    ),
)
