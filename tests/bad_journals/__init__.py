"""Journals that were changed by hand, and revisions that would damage one."""
