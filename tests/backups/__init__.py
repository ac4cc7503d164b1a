"""Backups before changes, and what is restored from them."""
