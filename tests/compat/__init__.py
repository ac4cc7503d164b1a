"""Compatibility with 0.1.0: its journals are read, its processes boot beside ours, its wheel may return."""
