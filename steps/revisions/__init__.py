"""Reads an application's Alembic directory, without importing Alembic or any file of the directory."""
