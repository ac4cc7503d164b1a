"""Journals that somebody changed by hand, and revisions that would damage a journal."""
