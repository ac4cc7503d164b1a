"""Alembic revisions of initdb's own tables."""
