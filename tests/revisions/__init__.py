"""Revision files read without importing them, with Alembic itself as the oracle."""
