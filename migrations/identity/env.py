"""The env.py of the built-in identity schema. Its version table is `init_identity_version`.

The engine is `config.attributes["engine"]` if that is given (a database in memory exists only in its engine),
else one for the option `sqlalchemy.url`.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import NullPool, create_engine

from initdb.steps.identity.models import IDENTITY, TABLES, VERSION_TABLE


def _include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the application's own tables out of a comparison with the models."""
    return kind != "table" or name in TABLES


def run_offline(url: str | None) -> None:
    """Write the revisions as SQL text (`--sql`)."""
    context.configure(url=url, target_metadata=IDENTITY, version_table=VERSION_TABLE, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online(url: str | None) -> None:
    """Run the revisions in the database."""
    engine = context.config.attributes.get("engine") or create_engine(url or "", poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=IDENTITY,
            version_table=VERSION_TABLE,
            include_name=_include_name,
            render_as_batch=True,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline(context.config.get_main_option("sqlalchemy.url"))
else:
    run_online(context.config.get_main_option("sqlalchemy.url"))
