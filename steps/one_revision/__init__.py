"""One revision, up or down: run in its unit, and reconciled where it left its transaction."""
