"""Backups: their files, how a SQLite file is copied, and the command that backs up a PostgreSQL database."""
