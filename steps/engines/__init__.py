"""Engines that initdb makes, from URLs, and where a SQLite file lies."""
