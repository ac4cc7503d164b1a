"""Alembic scripts of the tables that initdb itself owns."""
