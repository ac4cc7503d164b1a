"""Journals that somebody changed, and revisions that would spoil one."""
