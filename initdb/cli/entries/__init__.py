"""Which entries of the journal a command shows."""
