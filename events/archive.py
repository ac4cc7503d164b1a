"""Removes archived entries from a journal: the only statement of initdb that removes any."""

from __future__ import annotations

from initdb.events import postgresql_ddl, sqlite_ddl
from initdb.events.database import database_of
from initdb.events.journal import Journal
from initdb.events.statements import AnyConnection, run


def remove(connection: AnyConnection, journal: Journal, upto: int) -> None:
    """Remove the entries from the second one up to a number, in the caller's transaction.

    The trigger that refuses it is lifted for this statement. If the transaction is rolled back, or the
    process is killed, both are as they were.

    Args:
        connection: In a transaction that has locked the head, as the owner of the tables.
        journal: The journal.
        upto: The number of the last entry to remove.
    """
    database = database_of(connection)
    ddl = postgresql_ddl if database.name == "postgresql" else sqlite_ddl
    lift, restore = (
        database.renamed(one, journal.schema) for one in ddl.deletable(database.at(journal.schema))
    )
    table = journal.table(connection, "init_journal")
    run(connection, lift)
    run(
        connection,
        f"DELETE FROM {table} WHERE seq {database.above} 1 AND seq {database.upto} :upto",
        {"upto": upto},
    )
    run(connection, restore)
