"""The engines of a run: which one is used, how initdb makes one from a URL, and where a SQLite file is."""
