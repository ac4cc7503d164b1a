"""The journal: its text, its chain, its triggers, its locks and its spool."""
